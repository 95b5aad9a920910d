"""diffusers' U-Net as a backbone: its taps, its sizes, its channels."""

import pytest
import torch

from restorelab.registry import BACKBONES
from restorelab.structures import TapContext
from tests.models.backbones.test_contract import Recorder, Shift
from tests.models.tiny import TINY_BACKBONES, part, randomize


def build(**options):
    torch.manual_seed(0)
    return randomize(BACKBONES.build(part(TINY_BACKBONES, 'DiffusersUNet2D', **options))).eval()


def inputs(height: int = 8, width: int = 12, channels: int = 3):
    x_t, lq = torch.rand(2, 2, channels, height, width)
    return x_t, lq, torch.tensor([3, 700])


def test_the_output_has_the_shape_of_the_state():
    assert build()(*inputs()).shape == (2, 3, 8, 12)
    assert build(channels=4)(*inputs(channels=4)).shape == (2, 4, 8, 12)


def test_its_taps_are_what_it_says():
    net, recorder = build(), Recorder()
    net(*inputs(8, 16), TapContext({spec.name: [recorder] for spec in net.tap_specs}))
    expected = {'time': (2, net.tap_specs[0].channels)}
    for spec in net.tap_specs[1:]:
        expected[spec.name] = (2, spec.channels, 8 // spec.stride, 16 // spec.stride)
    assert recorder.shapes == expected
    assert list(expected) == ['time', 'enc.s2', 'mid', 'dec.s2.in', 'dec.s1.in']


@torch.no_grad()
def test_what_an_adapter_does_at_a_tap_reaches_the_output():
    net, args = build(), inputs()
    plain = net(*args)
    for spec in net.tap_specs:
        assert not torch.equal(net(*args, TapContext({spec.name: [Shift()]})), plain), spec.name


def test_it_sees_the_degraded_image_and_the_time():
    net, (x_t, lq, time) = build(), inputs()
    out = net(x_t, lq, time)
    assert not torch.equal(net(x_t, lq + 0.1, time), out)
    assert not torch.equal(net(x_t, lq, time + 100), out)


def test_every_weight_learns():
    net = build()
    net(*inputs()).square().mean().backward()
    assert [name for name, weight in net.named_parameters() if weight.grad is None] == []


def test_sides_that_do_not_halve_are_refused():
    with pytest.raises(ValueError, match=r'image is 8x7; both sides must be multiples of 2'):
        build()(*inputs(8, 7))


def test_channels_of_another_codec_are_refused():
    with pytest.raises(ValueError, match=r'the state has 4 channels, .* channels=3; give it those'):
        build()(*inputs(channels=4))
