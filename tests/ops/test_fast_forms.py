"""The fast form of every layer gives the numbers and the gradients of its plain form."""

from pathlib import Path
from threading import Thread

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restorelab import ops
from restorelab.models.layers.hourglass import ConvBlock, UpConv
from restorelab.models.layers.norm import ChannelLayerNorm, WeightStandardizedConv2d
from restorelab.models.layers.restormer import ChannelAttention, ChannelCrossAttention
from restorelab.ops import MAX_LOGIT, fast_forms, linear_attention, plain_forms
from restorelab.registry import BACKBONES, BLOCKS
from tests.models.tiny import DENOISERS, TINY_BACKBONES, part, randomize


def square_conv(channels: int) -> nn.Conv2d:
    return nn.Conv2d(channels, channels, 3, padding=1)


def feature(batch: int = 2, channels: int = 8) -> Tensor:
    return torch.randn(batch, channels, 6, 10)


def film(batch: int) -> tuple[Tensor, Tensor]:
    return torch.randn(batch, 8, 1, 1), torch.randn(batch, 8, 1, 1)


CASES = {
    'linear attention': lambda: (
        BLOCKS.build(dict(type='LinearAttentionBlock', channels=8)),
        (feature(),),
    ),
    'standardized convolution': lambda: (WeightStandardizedConv2d(8, 4, 3), (feature(),)),
    'upsampling': lambda: (UpConv(8, 4, bias=True), (feature(),)),
    'norm and film, one image': lambda: (
        ConvBlock(square_conv(8), nn.GroupNorm(2, 8)),
        (feature(1), film(1)),
    ),
    'norm and film, two images': lambda: (
        ConvBlock(square_conv(8), nn.GroupNorm(2, 8)),
        (feature(), film(2)),
    ),
    'film without norm': lambda: (ConvBlock(square_conv(8), None), (feature(1), film(1))),
    'channel attention': lambda: (ChannelAttention(8, num_heads=2), (feature(),)),
    'channel cross attention': lambda: (
        ChannelCrossAttention(8, num_heads=2),
        (feature(), feature()),
    ),
}


@pytest.mark.parametrize('case', CASES)
def test_a_layer_gives_the_same_in_both_forms(case):
    torch.manual_seed(0)
    layer, inputs = CASES[case]()
    randomize(layer, std=0.5)
    with torch.no_grad():
        fast = layer(*inputs)
        with plain_forms():
            torch.testing.assert_close(fast, layer(*inputs), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('case', CASES)
def test_gradients_are_the_same_in_both_forms(case):
    torch.manual_seed(0)
    layer, inputs = CASES[case]()
    randomize(layer, std=0.5)
    x = inputs[0].requires_grad_()
    wanted = [x, *layer.parameters()]
    fast = torch.autograd.grad(layer(*inputs).square().sum(), wanted)
    with plain_forms():
        plain = torch.autograd.grad(layer(*inputs).square().sum(), wanted)
    for ours, theirs in zip(fast, plain, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4 * float(theirs.abs().max()))


@pytest.mark.parametrize('name', [*DENOISERS, 'RestormerUNet'])
@pytest.mark.parametrize('batch', [1, 2])
@torch.no_grad()
def test_a_network_gives_the_same_in_both_forms(name, batch):
    torch.manual_seed(0)
    net = BACKBONES.build(part(TINY_BACKBONES, name)).eval()
    inputs = [torch.rand(batch, 3, 16, 24)]
    if name in DENOISERS:
        inputs += [torch.rand(batch, 3, 16, 24), torch.full((batch,), 7.0)]
    fast = net(*inputs)
    with plain_forms():
        torch.testing.assert_close(fast, net(*inputs), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('size', [1.0, 200.0])
@torch.no_grad()
def test_softmaxes_go_without_their_maximum_only_where_they_cannot_overflow(size):
    torch.manual_seed(0)
    layer = BLOCKS.build(dict(type='LinearAttentionBlock', channels=16))
    x = torch.randn(1, 16, 50, 60)
    layer.fn['fn'].to_qkv.weight.mul_(size)
    attention, normed = layer.fn['fn'], layer.fn['norm'](x)
    rows = normed.permute(0, 2, 3, 1).flatten(1, 2)
    logits = F.linear(rows, attention.to_qkv.weight.flatten(1)[:256])
    assert logits.abs().max() <= layer.largest_logit()
    assert (layer.largest_logit() <= MAX_LOGIT) == (size == 1.0)
    conv, norm = attention.to_out
    weights = (attention.to_qkv.weight, conv.weight, conv.bias)
    unbounded = norm(linear_attention(normed, *weights, attention.num_heads, bounded=False))
    torch.testing.assert_close(layer(x), x + unbounded, atol=1e-6, rtol=0)


@torch.no_grad()
def test_linear_attention_does_not_lose_its_content_in_half_precision():
    """The 1/N of 90,000 positions is subnormal in float16."""
    torch.manual_seed(0)
    layer = BLOCKS.build(dict(type='LinearAttentionBlock', channels=8))
    x = torch.randn(1, 8, 300, 300)
    with torch.autocast('cpu', torch.bfloat16):
        low = layer(x)
    torch.testing.assert_close(low, layer(x), rtol=0, atol=1e-5)


@pytest.mark.parametrize('bias', [True, False])
@torch.no_grad()
def test_a_channel_layer_norm_is_the_formula(bias):
    torch.manual_seed(0)
    norm, x = randomize(ChannelLayerNorm(8, bias=bias), std=1.0), feature()
    normed = (x - x.mean(dim=1, keepdim=True)) / torch.sqrt(x.var(1, False, keepdim=True) + 1e-5)
    gain = norm.weight.view(1, 8, 1, 1) if bias else norm.g
    shift = norm.bias.view(1, 8, 1, 1) if bias else 0
    torch.testing.assert_close(norm(x), normed * gain + shift)


FAST_FORMS = [
    ops.attend_channels,
    ops.constant_error_bound,
    ops.film_norm,
    ops.inference_layout,
    ops.linear_attention,
    ops.once_per_weight,
    ops.upsample_conv,
]


@pytest.mark.parametrize('form', FAST_FORMS, ids=lambda form: form.__name__)
def test_a_fast_form_says_what_it_saves_and_when_it_is_exact(form):
    assert 'Saves: ' in form.__doc__
    if form is ops.constant_error_bound:  # it says how inexact another form is
        return
    assert 'Exact: ' in form.__doc__


def test_every_file_of_a_fast_form_is_looked_at():
    files = {Path(file).stem for file in Path(ops.__file__).parent.glob('*.py')}
    looked_at = {form.__module__.rpartition('.')[2] for form in FAST_FORMS}
    assert files == looked_at | {'__init__', 'choice', 'mmcv_ext'}


def test_plain_forms_hold_for_the_block_and_the_thread():
    seen = []
    with plain_forms():
        assert not fast_forms()
        thread = Thread(target=lambda: seen.append(fast_forms()))
        thread.start()
        thread.join()
    assert fast_forms()
    assert seen == [True]
