"""Weights of 8 bits are read as floats that are near those that were stored."""

import pytest
import torch
from safetensors.torch import save_file

from restorelab.utils.checkpoint import CheckpointError, read_checkpoint
from restorelab.utils.quantized import LEAST, SCALE, expand, quantize


@pytest.fixture
def state():
    generator = torch.Generator().manual_seed(0)
    large = (
        torch.randn(64, 32, 3, 3, generator=generator)
        * torch.linspace(0.01, 5, 64)[:, None, None, None]
    )
    return {
        'net.conv.weight': large,
        'net.conv.bias': torch.randn(64, generator=generator),
        'net.small.weight': torch.randn(8, 8, generator=generator),
        'prior.weight': torch.randn(128, 128, generator=generator),
        'net.count': torch.tensor(7),
    }


def test_large_weights_get_8_bits_and_come_back_within_a_half_step(state):
    stored = quantize(state, ['net.'])
    assert stored['net.conv.weight'].dtype == torch.int8
    assert stored['prior.weight'].dtype == stored['net.small.weight'].dtype == torch.float16
    assert stored['net.count'] == 7
    read = expand(stored)
    assert set(read) == set(state)
    weight = state['net.conv.weight']
    step = weight.flatten(1).abs().amax(dim=1) / 127
    error = (read['net.conv.weight'] - weight).abs().flatten(1).amax(dim=1)
    assert (error <= 0.501 * step).all()


def test_a_weight_of_nothing_but_zeros_stays_so():
    stored = quantize({'net.weight': torch.zeros(LEAST, 1)}, ['net.'])
    assert expand(stored)['net.weight'].abs().max() == 0


def test_a_file_of_8_bits_is_read_as_floats(state, tmp_path):
    save_file(quantize(state, ['net.']), tmp_path / 'a.safetensors')
    read = read_checkpoint(tmp_path / 'a.safetensors')['state_dict']
    assert set(read) == set(state)
    assert read['net.conv.weight'].dtype == torch.float32


@pytest.mark.parametrize('name', ['gone', 'other'])
def test_a_scale_without_its_weight_is_named(name, tmp_path):
    state = {f'{name}{SCALE}': torch.ones(3), 'other': torch.ones(3, 2)}
    with pytest.raises(ValueError, match=f'{name}{SCALE}.*wanted are int8 weights'):
        expand(state)
    save_file(state, tmp_path / 'a.safetensors')
    with pytest.raises(CheckpointError, match=r'a\.safetensors.*wanted are int8'):
        read_checkpoint(tmp_path / 'a.safetensors')
