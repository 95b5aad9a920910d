import errno
from pathlib import Path

import pytest
import torch

from restorelab.apis.training import train
from restorelab.engine import latest_checkpoint
from restorelab.utils.checkpoint import read_checkpoint
from tests.engine.toys import Interrupted, recorded, toy_config


@pytest.fixture
def full_disk(monkeypatch):
    """After ``full_disk(n)``, the n-th and later writes of a checkpoint stop half way."""

    def from_write(number: int) -> None:
        write, count = Path.write_bytes, 0

        def half(path, data):
            nonlocal count
            count += 1
            if count < number:
                return write(path, data)
            write(path, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, 'No space left on device')

        monkeypatch.setattr(Path, 'write_bytes', half)

    return from_write


def checkpoints(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob('*.pth'))


def test_a_full_disk_leaves_the_last_checkpoint_and_names_it(tmp_path, full_disk):
    full_disk(2)
    with pytest.raises(OSError, match=r'No space left on device.*last good one is .*iter_2\.pth'):
        train(toy_config(tmp_path))
    assert checkpoints(tmp_path) == ['iter_2.pth']
    assert read_checkpoint(tmp_path / 'iter_2.pth')['meta']['iter'] == 2


def test_a_failed_write_leaves_no_unfinished_file(tmp_path, full_disk):
    full_disk(2)
    with pytest.raises(OSError, match='No space left'):
        train(toy_config(tmp_path))
    assert not list(tmp_path.glob('.*'))


def test_the_only_kept_checkpoint_outlives_a_failed_write(tmp_path, full_disk):
    full_disk(2)
    with pytest.raises(OSError, match='No space left'):
        train(toy_config(tmp_path, **{'default_hooks.checkpoint.max_keep_ckpts': 1}))
    assert checkpoints(tmp_path) == ['iter_2.pth']


def test_training_goes_on_from_the_checkpoint_that_a_full_disk_left(
    tmp_path, full_disk, monkeypatch
):
    full_disk(2)
    with pytest.raises(OSError, match='No space left'):
        train(toy_config(tmp_path))
    monkeypatch.undo()
    assert len(recorded(train(toy_config(tmp_path), resume=True))) == 4


def test_only_the_newest_checkpoints_are_kept(tmp_path):
    train(toy_config(tmp_path, **{'default_hooks.checkpoint.max_keep_ckpts': 2}))
    assert checkpoints(tmp_path) == ['iter_4.pth', 'iter_6.pth']


def test_the_best_checkpoint_takes_the_place_of_the_previous_best(tmp_path):
    best = {
        'default_hooks.checkpoint.save_best': 'rgb/psnr/mean',
        'default_hooks.checkpoint.rule': 'greater',
    }
    train(toy_config(tmp_path, **best))  # the toy gets better at each of its two validations
    assert [name for name in checkpoints(tmp_path) if name.startswith('best')] == [
        'best_rgb_psnr_mean_iter_6.pth'
    ]


def test_leftovers_of_a_killed_write_are_removed(tmp_path):
    (tmp_path / '.0123456789ab.tmp.pth').write_bytes(b'half a checkpoint')
    train(toy_config(tmp_path, max_iters=1))
    assert not list(tmp_path.glob('.*'))


@pytest.mark.parametrize('record', ['', 'iter_1', '/gone/iter_9.pth'])
def test_the_latest_checkpoint_is_found_when_its_record_is_of_no_use(tmp_path, record):
    (tmp_path / 'last_checkpoint').write_text(record)
    for name in ('iter_2.pth', 'iter_10.pth', 'best_iter_12.pth'):
        (tmp_path / name).touch()
    assert latest_checkpoint(tmp_path) == str(tmp_path / 'iter_10.pth')


def test_the_latest_checkpoint_is_the_recorded_one_wherever_the_folder_was_moved(tmp_path):
    (tmp_path / 'last_checkpoint').write_text('/elsewhere/iter_2.pth')
    for name in (
        'iter_2.pth',
        'iter_10.pth',
    ):  # the second is of an older training in the same folder
        (tmp_path / name).touch()
    assert latest_checkpoint(tmp_path) == str(tmp_path / 'iter_2.pth')


def test_an_empty_folder_has_no_latest_checkpoint(tmp_path):
    assert latest_checkpoint(tmp_path) is None


def test_histories_do_not_make_checkpoints_grow_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr('restorelab.engine.restoration_log_processor.KEPT_VALUES', 3)
    train(toy_config(tmp_path))
    history = read_checkpoint(tmp_path / 'iter_6.pth')['message_hub']['log_scalars']['train/loss']
    assert len(history.data[0]) == 3


def test_an_interrupted_training_leaves_whole_checkpoints_only(tmp_path):
    cfg = toy_config(tmp_path)
    cfg.custom_hooks.append(dict(type='StopHook', at=5))
    with pytest.raises(Interrupted):
        train(cfg)
    assert all(
        torch.is_tensor(read_checkpoint(tmp_path / name)['state_dict']['backbone.conv.weight'])
        for name in ('iter_2.pth', 'iter_4.pth')
    )


def test_checkpoints_beyond_the_kept_ones_that_a_kill_left_are_removed(tmp_path):
    keep = {'default_hooks.checkpoint.max_keep_ckpts': 2}
    train(toy_config(tmp_path, **keep))
    for name in ('iter_1.pth', 'iter_3.pth', 'iter_5.pth', 'iter_50.pth', 'best_iter_1.pth'):
        (tmp_path / name).write_bytes((tmp_path / 'iter_4.pth').read_bytes())
    (tmp_path / 'iter_final.pth').write_bytes(b"a person's own")
    train(toy_config(tmp_path, max_iters=8, **keep), resume=True)
    assert checkpoints(tmp_path) == [
        'best_iter_1.pth',
        'iter_50.pth',  # of another training, which came further
        'iter_6.pth',
        'iter_8.pth',
        'iter_final.pth',
    ]


def test_the_checkpoint_to_go_on_from_is_never_removed(tmp_path):
    train(toy_config(tmp_path))
    (tmp_path / 'last_checkpoint').write_text('iter_2.pth')
    keep = {'default_hooks.checkpoint.max_keep_ckpts': 1}
    cfg = toy_config(tmp_path, **keep)
    cfg.custom_hooks.append(dict(type='StopHook', at=5))
    with pytest.raises(Interrupted):
        train(cfg, resume=str(tmp_path / 'iter_4.pth'))
    assert checkpoints(tmp_path) == ['iter_2.pth', 'iter_4.pth', 'iter_6.pth']
