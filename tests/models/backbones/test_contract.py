"""What every backbone promises."""

import pytest
import torch

from restorelab.registry import BACKBONES
from restorelab.structures import TapContext
from tests.models.tiny import DENOISERS, TINY_BACKBONES, part, randomize


class Recorder:
    """An adapter that changes nothing and remembers the shape of what passed each tap."""

    def __init__(self):
        self.shapes = {}

    def on_tap(self, name, feat, ctx):
        self.shapes[name] = tuple(feat.shape)
        return feat


class Shift:
    """An adapter that adds one."""

    def on_tap(self, name, feat, ctx):
        return feat + 1


@pytest.fixture(params=DENOISERS)
def net(request):
    torch.manual_seed(0)
    return randomize(BACKBONES.build(part(TINY_BACKBONES, request.param))).eval()


def inputs(height: int = 8, width: int = 12):
    return (
        torch.rand(2, 3, height, width),
        torch.rand(2, 3, height, width),
        torch.tensor([3.0, 7.0]),
    )


@pytest.mark.parametrize('size', [(8, 12), (9, 7), (1, 1), (2, 5)])
def test_it_keeps_the_size_of_the_image(net, size):
    x_t, lq, time = inputs(*size)
    out = net(x_t, lq, time)
    assert out.shape == x_t.shape
    assert out.isfinite().all()


def test_its_taps_are_what_it_says(net):
    recorder, (height, width) = Recorder(), (8, 16)
    net(*inputs(height, width), TapContext({spec.name: [recorder] for spec in net.tap_specs}))
    expected = {}
    for spec in net.tap_specs:
        h, w = (height // spec.stride, width // spec.stride) if spec.stride else (0, 0)
        shapes = dict(time=(2, spec.channels), tokens=(2, h * w, spec.channels))
        expected[spec.name] = shapes.get(spec.side, (2, spec.channels, h, w))
    assert recorder.shapes == expected


def test_tap_names_are_unique(net):
    names = [spec.name for spec in net.tap_specs]
    assert len(names) == len(set(names))


@torch.no_grad()
def test_what_an_adapter_does_at_a_tap_reaches_the_output(net):
    args = inputs(4, 4)
    plain = net(*args)
    deaf = [
        spec.name
        for spec in net.tap_specs
        if torch.equal(net(*args, TapContext({spec.name: [Shift()]})), plain)
    ]
    assert deaf == []


def test_no_context_is_a_context_without_adapters(net):
    args = inputs()
    assert torch.equal(net(*args), net(*args, TapContext({})))


def test_the_images_of_a_batch_do_not_see_each_other(net):
    x_t, lq, time = inputs()
    torch.testing.assert_close(
        net(x_t, lq, time)[1:], net(x_t[1:], lq[1:], time[1:]), rtol=1e-4, atol=1e-4
    )


def test_bfloat16_autocast_stays_close(net):
    args = inputs()
    with torch.autocast('cpu', torch.bfloat16):
        low = net(*args)
    exact = net(*args)
    assert (low.float() - exact).square().mean().sqrt() < 0.05 * exact.std() + 0.01


def test_every_weight_learns(net):
    net(*inputs()).square().mean().backward()
    assert [name for name, weight in net.named_parameters() if weight.grad is None] == []
