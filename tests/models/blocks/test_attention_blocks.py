"""Linear attention of DiffUIR, the constant that it nearly is, and the bound between the two."""

import pytest
import torch
from torch import Tensor, nn

from restorelab.registry import BLOCKS
from tests.models.tiny import TINY_ATTENTION, part


def seeded(name: str) -> nn.Module:
    torch.manual_seed(0)
    return BLOCKS.build(dict(type=name, channels=16))


@pytest.mark.parametrize('side', [4, 16, 64])
@torch.no_grad()
def test_the_constant_is_as_near_as_the_bound_says(side):
    exact, constant = seeded('LinearAttentionBlock'), seeded('ConstantAttentionBlock')
    x = torch.randn(1, 16, side, side) * 3
    assert (exact(x) - constant(x)).abs().max() <= constant.error_bound(side * side)


@torch.no_grad()
def test_the_bound_is_not_far_from_an_image_that_was_made_to_reach_it():
    """The worst case: all pixels equal, in the direction that one head's weights stretch most."""
    layer = seeded('LinearAttentionBlock')
    attention = layer.fn['fn']
    w_v = attention.to_qkv.weight.flatten(1).chunk(3)[2].unflatten(0, (4, 32))
    w_out = attention.to_out[0].weight.flatten(1).unflatten(1, (4, 32)).transpose(0, 1)
    attention.to_qkv.weight.flatten(1).chunk(3)[2].unflatten(0, (4, 32))[1:] = 0
    matrix = (w_out @ w_v)[0]
    x = (torch.linalg.svd(matrix).Vh[0] * 100).view(1, 16, 1, 1).expand(1, 16, 8, 8)
    error = (layer(x) - x - layer.constant()).abs().max()
    assert 0.1 * layer.error_bound(64) < error <= layer.error_bound(64)


@torch.no_grad()
def test_auto_is_exact_on_few_pixels_and_constant_on_many():
    exact, constant = seeded('LinearAttentionBlock'), seeded('ConstantAttentionBlock')
    auto = seeded('AutoAttentionBlock')
    few, many = torch.randn(1, 16, 8, 8), torch.randn(1, 16, 256, 256)
    assert torch.equal(auto(few), exact(few))
    assert torch.equal(auto(many), constant(many))


@torch.no_grad()
def test_the_bound_follows_the_weights():
    layer = seeded('AutoAttentionBlock')
    before = layer.error_bound(100)
    layer.fn['fn'].to_qkv.weight.mul_(10)
    assert layer.error_bound(100) > 5 * before


def test_the_three_linear_blocks_load_each_others_weights():
    names = ['LinearAttentionBlock', 'ConstantAttentionBlock', 'AutoAttentionBlock']
    states = [seeded(name).state_dict() for name in names]
    for name in names:
        for state in states:
            seeded(name).load_state_dict(state, strict=True)


def no_tap(tokens: Tensor) -> Tensor:
    return tokens


@pytest.mark.parametrize('name', TINY_ATTENTION)
def test_every_weight_that_is_not_frozen_gets_a_gradient(name):
    block = BLOCKS.build(part(TINY_ATTENTION, name))
    block(torch.randn(2, 32, 4, 4), no_tap).square().sum().backward()
    without = [key for key, weight in block.named_parameters() if weight.grad is None]
    assert without == [key for key, weight in block.named_parameters() if not weight.requires_grad]


def test_constant_attention_trains_its_bias_and_the_gain_of_its_norm():
    block = seeded('ConstantAttentionBlock')
    trained = [name for name, weight in block.named_parameters() if weight.requires_grad]
    assert trained == ['fn.fn.to_out.0.bias', 'fn.fn.to_out.1.g']


@pytest.mark.parametrize('name', TINY_ATTENTION)
@torch.no_grad()
def test_tokens_pass_the_tap_where_a_block_says_so(name):
    block, seen = BLOCKS.build(part(TINY_ATTENTION, name)), []

    def tap(tokens: Tensor) -> Tensor:
        seen.append(tuple(tokens.shape))
        return tokens

    x = torch.randn(2, 32, 4, 6)
    assert block(x, tap).shape == x.shape
    assert seen == ([(2, 24, 32)] if block.has_tokens else [])
