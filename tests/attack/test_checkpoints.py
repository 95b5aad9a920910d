"""No checkpoint and no address runs code, and each answer names it."""

from pathlib import Path

import pytest
import torch
from mmengine.registry import DefaultScope

from restorelab.apis import train
from restorelab.utils.checkpoint import CheckpointError, read_checkpoint
from tests.attack.checkpoints import (
    ADDRESSES,
    ENTRIES,
    PAYLOADS,
    PLACES,
    SLOW_ENTRIES,
    make_pickle,
    make_script,
)
from tests.engine.toys import toy_config


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('restorelab'):
        yield


def refused(entry, reference: str, folder: Path) -> str:
    with pytest.raises(CheckpointError) as error:
        entry(reference, folder)
    return str(error.value)


@pytest.mark.parametrize('place', PLACES)
@pytest.mark.parametrize('payload', PAYLOADS)
def test_a_pickle_with_more_than_weights_is_refused(payload, place, tmp_path):
    marker = tmp_path / 'marker'
    path = make_pickle(tmp_path / 'evil.pth', marker, payload, place)
    with pytest.raises(CheckpointError, match=r'evil\.pth: holds more than weights'):
        read_checkpoint(path)
    assert not marker.exists()


def test_a_script_is_refused(tmp_path):
    path = make_script(tmp_path / 'evil.pth')
    with pytest.raises(CheckpointError, match=r'evil\.pth: '):
        read_checkpoint(path)


@pytest.mark.parametrize('entry', [*ENTRIES, *SLOW_ENTRIES])
def test_no_entry_point_runs_a_pickle(entry, tmp_path):
    marker = tmp_path / 'marker'
    path = make_pickle(tmp_path / 'evil.pth', marker, 'os.system')
    message = refused({**ENTRIES, **SLOW_ENTRIES}[entry], str(path), tmp_path)
    assert 'evil.pth: holds more than weights' in message
    assert not marker.exists()


@pytest.mark.parametrize('address', ADDRESSES)
@pytest.mark.parametrize('entry', ENTRIES)
def test_no_entry_point_follows_an_address(entry, address, tmp_path):
    assert address.split('/')[-1] in refused(ENTRIES[entry], address, tmp_path)


@pytest.mark.parametrize('entry', SLOW_ENTRIES)
def test_no_training_follows_an_address(entry, tmp_path):
    message = refused(SLOW_ENTRIES[entry], 'http://127.0.0.1:9/w.pth', tmp_path)
    assert message.startswith('http://127.0.0.1:9/w.pth: ')


def test_a_resumed_training_runs_no_text_of_its_checkpoint(tmp_path):
    """MMEngine's Runner runs ``meta['config']``; the config in ``meta['cfg']`` is compared only."""
    train(toy_config(tmp_path, max_iters=2))
    marker = tmp_path / 'marker'
    checkpoint = torch.load(tmp_path / 'iter_2.pth', weights_only=False)
    checkpoint['meta']['config'] = checkpoint['meta']['cfg'] = f"open({str(marker)!r}, 'w')"
    torch.save(checkpoint, tmp_path / 'evil.pth')
    train(toy_config(tmp_path, max_iters=3), resume=str(tmp_path / 'evil.pth'))
    assert not marker.exists()
