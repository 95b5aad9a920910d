"""Published weights carry their config and say what they are; names resolve or are listed."""

import pytest
import torch
from safetensors.torch import save_file

from restorelab.utils import weights
from restorelab.utils.checkpoint import CheckpointError
from restorelab.utils.weights import (
    published_names,
    read_published,
    resolve_weights,
    save_published,
)

CONFIG = dict(type='Net', channels=[1, 2], name=None, rate=0.5)


def test_a_published_file_gives_back_state_config_and_info(tmp_path):
    state = dict(a=torch.rand(3, 4).T, n=torch.tensor(3))
    save_published(tmp_path / 'a.safetensors', state, CONFIG, dict(license='Apache-2.0'))
    read, config, info = read_published(tmp_path / 'a.safetensors')
    torch.testing.assert_close(read, state)
    assert (config, info) == (CONFIG, dict(license='Apache-2.0'))


def test_a_published_file_is_as_readable_as_any_other(tmp_path):
    (tmp_path / 'other').touch()
    save_published(tmp_path / 'a.safetensors', dict(a=torch.ones(1)), CONFIG, {})
    assert (tmp_path / 'a.safetensors').stat().st_mode == (tmp_path / 'other').stat().st_mode


def test_half_precision_is_read_as_float32(tmp_path):
    save_published(tmp_path / 'a.safetensors', dict(a=torch.ones(2).half()), CONFIG, {})
    assert read_published(tmp_path / 'a.safetensors')[0]['a'].dtype == torch.float32


def test_tensors_that_share_memory_are_written(tmp_path):
    shared = torch.rand(2)
    save_published(tmp_path / 'a.safetensors', dict(a=shared, b=shared), CONFIG, {})
    assert torch.equal(read_published(tmp_path / 'a.safetensors')[0]['b'], shared)


def test_a_config_that_json_cannot_hold_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(TypeError):
        save_published(
            tmp_path / 'a.safetensors', dict(a=torch.ones(1)), dict(type=torch.nn.Linear), {}
        )
    assert not list(tmp_path.iterdir())


def test_another_extension_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r'a\.pth: published weights are safetensors'):
        save_published(tmp_path / 'a.pth', {}, CONFIG, {})


def test_weights_without_a_config_are_named(tmp_path):
    save_file(dict(a=torch.ones(1)), tmp_path / 'a.safetensors')
    with pytest.raises(CheckpointError, match=r'a\.safetensors: weights without a config'):
        read_published(tmp_path / 'a.safetensors')


def test_a_training_checkpoint_is_not_published_weights(tmp_path):
    torch.save(dict(state_dict=dict(a=torch.ones(1))), tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match=r'a\.pth: .*needs its config'):
        read_published(tmp_path / 'a.pth')


def test_a_name_resolves_to_the_file_that_ships(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, 'WEIGHTS_DIR', tmp_path)
    save_published(tmp_path / 'tiny.safetensors', dict(a=torch.ones(1)), CONFIG, {})
    assert published_names() == ['tiny']
    assert resolve_weights('restorelab:tiny') == tmp_path / 'tiny.safetensors'


def test_a_local_file_resolves_to_itself(tmp_path):
    (tmp_path / 'a.pth').touch()
    assert resolve_weights(tmp_path / 'a.pth') == tmp_path / 'a.pth'


@pytest.mark.parametrize('reference', ['restorelab:tyni', 'no/such/file.pth'])
def test_an_unknown_reference_lists_the_names(tmp_path, monkeypatch, reference):
    monkeypatch.setattr(weights, 'WEIGHTS_DIR', tmp_path)
    save_published(tmp_path / 'tiny.safetensors', dict(a=torch.ones(1)), CONFIG, {})
    with pytest.raises(FileNotFoundError, match=f'{reference}.*restorelab:tiny'):
        resolve_weights(reference)


def test_every_shipped_file_is_readable():
    for name in published_names():
        _, config, info = read_published(resolve_weights(f'restorelab:{name}'))
        assert config['type'], name
        assert info['license'], name
