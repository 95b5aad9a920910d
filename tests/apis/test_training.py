import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from restorelab.apis.training import train
from restorelab.utils.checkpoint import read_checkpoint
from tests.engine.toys import Interrupted, recorded, toy_config

ROOT = Path(__file__).parents[2]


def run_toy(work_dir: Path, *options: str) -> subprocess.CompletedProcess:
    command = [sys.executable, '-m', 'tests.engine.toys', str(work_dir), *options]
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': ''}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600
    )


def interrupt(cfg: Config, at: int) -> None:
    """Train until the iteration ``at``, one after a checkpoint."""
    cfg.custom_hooks.append(dict(type='StopHook', at=at))
    with pytest.raises(Interrupted):
        train(cfg)


def log_of(runner) -> str:
    return next(Path(runner.log_dir).glob('*.log')).read_text()


def losses_in(work_dir: Path) -> dict[int, float]:
    lines = (work_dir / 'losses_0.txt').read_text().split('\n')
    return {int(number): float(loss) for number, loss in (line.split() for line in lines if line)}


def test_the_same_seed_gives_the_same_losses_with_and_without_workers(tmp_path):
    alone = recorded(train(toy_config(tmp_path / 'alone')))
    helped = recorded(train(toy_config(tmp_path / 'helped', num_workers=2)))
    assert alone == helped


def test_another_seed_gives_other_losses(tmp_path):
    first = recorded(train(toy_config(tmp_path / 'a', max_iters=2)))
    second = recorded(train(toy_config(tmp_path / 'b', max_iters=2, randomness=dict(seed=1))))
    assert first != second


def test_validation_changes_no_loss(tmp_path):
    often = recorded(train(toy_config(tmp_path / 'a', **{'train_cfg.val_interval': 1})))
    never = recorded(train(toy_config(tmp_path / 'b', **{'train_cfg.val_interval': 100})))
    assert often == never


@pytest.mark.parametrize('num_workers', [0, 2])
def test_resume_goes_on_as_if_nothing_had_happened(tmp_path, num_workers):
    whole = train(toy_config(tmp_path / 'whole', num_workers=num_workers))
    interrupt(toy_config(tmp_path / 'parts', num_workers=num_workers), at=5)
    rest = train(toy_config(tmp_path / 'parts', num_workers=num_workers), resume=True)
    np.testing.assert_allclose(recorded(rest), recorded(whole)[4:], rtol=0, atol=1e-6)


def test_resume_restores_weights_average_and_optimizer_exactly(tmp_path):
    train(toy_config(tmp_path / 'whole'))
    interrupt(toy_config(tmp_path / 'parts'), at=5)
    train(toy_config(tmp_path / 'parts'), resume=str(tmp_path / 'parts/iter_4.pth'))
    whole, parts = (read_checkpoint(tmp_path / name / 'iter_6.pth') for name in ('whole', 'parts'))
    for part in ('state_dict', 'ema_state_dict'):
        torch.testing.assert_close(parts[part], whole[part], rtol=0, atol=0)
    torch.testing.assert_close(
        parts['optimizer']['state'], whole['optimizer']['state'], rtol=0, atol=0
    )
    assert parts['param_schedulers'] == whole['param_schedulers']


def test_resume_reads_no_data_again(tmp_path):
    interrupt(toy_config(tmp_path), at=5)
    rest = train(toy_config(tmp_path), resume=True)
    assert rest.train_dataloader.dataset.read == [8, 9, 10, 11]  # batches 4 and 5 of two images


def test_resume_reads_past_the_data_of_a_sampler_that_cannot_seek(tmp_path):
    sampler = {
        'train_dataloader.sampler': dict(type='InfiniteSampler', shuffle=False, _delete_=True)
    }
    whole = train(toy_config(tmp_path / 'whole', **sampler))
    interrupt(toy_config(tmp_path / 'parts', **sampler), at=5)
    rest = train(toy_config(tmp_path / 'parts', **sampler), resume=True)
    np.testing.assert_allclose(recorded(rest), recorded(whole)[4:], rtol=0, atol=1e-6)


def test_resume_keeps_the_seed_that_was_drawn_when_none_was_given(tmp_path):
    interrupt(toy_config(tmp_path, **{'randomness.seed': None}), at=5)
    rest = train(toy_config(tmp_path, **{'randomness.seed': None}), resume=True)
    assert rest.seed == read_checkpoint(tmp_path / 'iter_4.pth')['meta']['seed']


def test_resume_without_a_checkpoint_starts_at_the_beginning(tmp_path):
    runner = train(toy_config(tmp_path, max_iters=2), resume=True)
    assert len(recorded(runner)) == 2
    assert 'no checkpoint to resume from' in log_of(runner)


def test_a_checkpoint_of_another_model_is_refused_with_its_keys(tmp_path):
    train(toy_config(tmp_path / 'a', max_iters=2))
    checkpoint = torch.load(tmp_path / 'a/iter_2.pth', weights_only=False)
    checkpoint['state_dict']['backbone.other'] = torch.zeros(1)
    torch.save(checkpoint, tmp_path / 'other.pth')
    with pytest.raises(ValueError, match=r'(?s)unexpected 1: backbone\.other'):
        train(toy_config(tmp_path / 'b'), resume=str(tmp_path / 'other.pth'))


def test_a_config_may_ask_for_resuming(tmp_path):
    interrupt(toy_config(tmp_path), at=5)
    assert len(recorded(train(toy_config(tmp_path, resume=True)))) == 2


def test_checkpoints_of_an_earlier_training_are_warned_about(tmp_path):
    train(toy_config(tmp_path, max_iters=2))
    assert 'holds checkpoints of an earlier training' in log_of(
        train(toy_config(tmp_path, max_iters=2))
    )


def test_the_embedded_photographs_train_a_model(tmp_path):
    data = Config.fromfile(ROOT / 'configs/_base_/allinone_data.py')
    cfg = toy_config(tmp_path, max_iters=2)
    for key in data:
        cfg[key] = data[key]
    cfg.train_dataloader.dataset.pipeline[0].size = 32
    runner = train(cfg)
    assert all(np.isfinite(recorded(runner)))
    assert len(list((tmp_path / 'vis/iter_2').glob('*.png'))) == 5


def test_training_starts_from_published_weights(tmp_path):
    from restorelab.utils.weights import save_published

    train(toy_config(tmp_path / 'a', max_iters=2))
    state = read_checkpoint(tmp_path / 'a/iter_2.pth')['state_dict']
    save_published(tmp_path / 'small.safetensors', dict(state), config={}, info={})
    runner = train(
        toy_config(
            tmp_path / 'b',
            max_iters=1,
            load_from=str(tmp_path / 'small.safetensors'),
            **{'optim_wrapper.optimizer.lr': 0.0},
        )
    )
    torch.testing.assert_close(dict(runner.model.state_dict()), dict(state), rtol=0, atol=0)


def test_checkpoints_only_fall_between_optimizer_steps(tmp_path):
    cfg = toy_config(tmp_path, **{'optim_wrapper.accumulative_counts': 3})
    with pytest.raises(
        ValueError, match=r'checkpoint\.interval=2 must be a multiple .*accumulative_counts=3'
    ):
        train(cfg)


def test_resume_is_exact_under_gradient_accumulation(tmp_path):
    options = {
        'optim_wrapper.accumulative_counts': 2,
        'optim_wrapper.clip_grad': dict(max_norm=0.1),
    }
    whole = train(toy_config(tmp_path / 'whole', **options))
    interrupt(toy_config(tmp_path / 'parts', **options), at=5)
    rest = train(toy_config(tmp_path / 'parts', **options), resume=True)
    np.testing.assert_allclose(recorded(rest), recorded(whole)[4:], rtol=0, atol=1e-6)


@pytest.mark.skipif(torch.cuda.is_available(), reason='says what a CPU does')
def test_mixed_precision_on_a_cpu_is_bfloat16_without_loss_scaling(tmp_path):
    runner = train(toy_config(tmp_path, max_iters=2), amp=True)
    assert type(runner.optim_wrapper).__name__ == 'BFloat16OptimWrapper'


@pytest.mark.skipif(torch.cuda.is_available(), reason='says what a CPU does')
def test_float16_on_a_cpu_is_refused(tmp_path):
    with pytest.raises(ValueError, match="'fp16' needs a GPU"):
        train(toy_config(tmp_path), amp='fp16')


def test_channels_last_reaches_the_weights_and_their_average(tmp_path):
    runner = train(toy_config(tmp_path, max_iters=2), channels_last=True)
    weight = runner.model.backbone.conv.weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    plain = recorded(train(toy_config(tmp_path / 'plain', max_iters=2)))
    assert recorded(runner) == pytest.approx(plain, rel=1e-5)


def test_mixed_precision_computes_in_bfloat16(tmp_path):
    cfg = toy_config(tmp_path, max_iters=1)
    half, full = (
        recorded(train(cfg, amp='bf16')),
        recorded(train(toy_config(tmp_path, max_iters=1))),
    )
    assert half != full
    np.testing.assert_allclose(half, full, rtol=0.02)


def test_the_work_dir_is_named_after_the_config(tmp_path, monkeypatch):
    cfg = toy_config(tmp_path, max_iters=1)
    cfg.pop('work_dir')
    monkeypatch.chdir(tmp_path)
    assert Path(train(cfg).work_dir) == tmp_path / 'work_dirs' / 'runtime'


def test_the_progress_line_has_loss_speed_time_left_and_memory(tmp_path):
    log = log_of(train(toy_config(tmp_path, max_iters=2)))
    line = next(line for line in log.splitlines() if 'Iter(train) [2/2]' in line)
    assert all(
        re.search(rf'\b{word}: \S', line) for word in ('loss', 'time', 'eta', 'memory', 'lr')
    )


def test_tensorboard_gets_an_event_file(tmp_path):
    runner = train(toy_config(tmp_path, max_iters=1))
    assert list(Path(runner.log_dir).rglob('events.out.tfevents.*'))


@pytest.mark.slow
def test_losses_after_a_kill_and_resume_equal_those_of_an_uninterrupted_run(tmp_path):
    train(toy_config(tmp_path / 'whole', max_iters=8))
    killed = run_toy(tmp_path / 'parts', 'max_iters=8', 'num_workers=1', 'kill_at=5')
    assert killed.returncode == -signal.SIGKILL
    rest = run_toy(tmp_path / 'parts', 'max_iters=8', 'num_workers=1', 'resume=True')
    assert rest.returncode == 0, rest.stderr
    whole, parts = losses_in(tmp_path / 'whole'), losses_in(tmp_path / 'parts')
    assert list(parts) == list(whole)
    np.testing.assert_allclose(list(parts.values()), list(whole.values()), rtol=0, atol=1e-6)
