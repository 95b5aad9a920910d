import copy

import pytest
import torch
import torch.nn.functional as F

from restorelab.models.layers.attention import LinearAttentionResidual
from restorelab.models.layers.caching import VersionedCache
from restorelab.models.layers.norm import WeightStandardizedConv2d


def seeded(mode: str) -> LinearAttentionResidual:
    torch.manual_seed(0)
    return LinearAttentionResidual(16, mode)


@pytest.mark.parametrize('side', [4, 16, 64])
@torch.no_grad()
def test_the_constant_is_as_near_as_the_bound_says(side):
    exact, constant = seeded('exact'), seeded('constant')
    x = torch.randn(1, 16, side, side) * 3
    assert (exact(x) - constant(x)).abs().max() <= constant.error_bound(side * side)


@torch.no_grad()
def test_the_bound_is_not_far_from_an_image_that_was_made_to_reach_it():
    """The worst case: every pixel alike, along the direction that one head's weights stretch most."""
    layer = seeded('exact')
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
    exact, constant, auto = (seeded(mode) for mode in ('exact', 'constant', 'auto'))
    few, many = torch.randn(1, 16, 8, 8), torch.randn(1, 16, 256, 256)
    assert torch.equal(auto(few), exact(few))
    assert torch.equal(auto(many), constant(many))


@torch.no_grad()
def test_the_bound_follows_the_weights():
    layer = seeded('auto')
    before = layer.error_bound(100)
    layer.fn['fn'].to_qkv.weight.mul_(10)
    assert layer.error_bound(100) > 5 * before


def test_a_cached_value_is_computed_once_and_again_after_a_change():
    cache, weight, calls = VersionedCache(), torch.ones(2), []

    def compute():
        calls.append(1)
        return weight * 2

    assert torch.equal(cache.get([weight], compute), cache.get([weight], compute))
    assert len(calls) == 1
    weight.add_(1)
    assert torch.equal(cache.get([weight], compute), torch.full((2,), 4.0))
    assert len(calls) == 2


@torch.no_grad()
def test_a_standardized_weight_follows_load_state_dict_and_copies():
    torch.manual_seed(0)
    conv, other = WeightStandardizedConv2d(2, 3, 3), WeightStandardizedConv2d(2, 3, 3)
    x = torch.randn(1, 2, 5, 5)
    before = conv(x)
    twin = copy.deepcopy(conv)
    conv.load_state_dict(other.state_dict())
    assert torch.equal(conv(x), other(x))
    assert torch.equal(twin(x), before)


def test_a_frozen_layer_still_passes_gradients_on_after_inference():
    conv = WeightStandardizedConv2d(2, 3, 3).requires_grad_(False)
    with torch.inference_mode():
        conv(torch.randn(1, 2, 5, 5))
    x = torch.randn(1, 2, 5, 5, requires_grad=True)
    conv(x).sum().backward()
    assert x.grad is not None


@pytest.mark.parametrize('size', [1.0, 200.0])
@torch.no_grad()
def test_softmaxes_without_their_maximum_are_the_same_and_are_taken_only_where_they_cannot_overflow(
    size,
):
    torch.manual_seed(0)
    layer, x = LinearAttentionResidual(16), torch.randn(1, 16, 50, 60)
    layer.fn['fn'].to_qkv.weight.mul_(size)
    attention, normed = layer.fn['fn'], layer.fn['norm'](x)
    rows = normed.permute(0, 2, 3, 1).flatten(1, 2)
    logits = F.linear(rows, attention.to_qkv.weight.flatten(1)[:256])
    assert logits.abs().max() <= layer.largest_logit()
    assert (layer.largest_logit() <= 40) == (size == 1.0)
    torch.testing.assert_close(layer(x), x + attention(normed, bounded=False), atol=1e-6, rtol=0)
