import pytest
import torch

from restorelab.registry import BACKBONES
from restorelab.structures import TapContext
from tests.models.backbones.test_contract import Recorder, Shift
from tests.models.tiny import TINY_BACKBONES, part, randomize


def build(**options):
    torch.manual_seed(0)
    return BACKBONES.build(part(TINY_BACKBONES, 'ResidualUNet', **options))


def trained(**options):
    return randomize(build(**options)).eval()


def test_it_begins_near_the_identity():
    lq = torch.rand(1, 3, 16, 16)
    assert (build()(lq) - lq).abs().max() < 0.05


@torch.no_grad()
def test_a_tile_gives_what_the_whole_gives():
    """Away from its border: three 3x3 convolutions at 1/2 and two at 1/4 see 14 pixels in a row."""
    net, lq = trained(), torch.rand(1, 3, 96, 80)
    part_of_it = net(lq[..., 32:, 16:64])[..., 24:, 24:-24]
    torch.testing.assert_close(net(lq)[..., 56:, 40:-40], part_of_it)


def test_its_taps_are_what_it_says():
    net, recorder = trained(), Recorder()
    net(torch.rand(2, 3, 16, 24), TapContext({spec.name: [recorder] for spec in net.tap_specs}))
    expected = {}
    for spec in net.tap_specs:
        expected[spec.name] = (2, spec.channels, 16 // spec.stride, 24 // spec.stride)
    assert recorder.shapes == expected


@torch.no_grad()
def test_what_an_adapter_does_at_a_tap_reaches_the_output():
    net, lq = trained(), torch.rand(1, 3, 16, 16)
    for spec in net.tap_specs:
        assert not torch.equal(net(lq, TapContext({spec.name: [Shift()]})), net(lq)), spec.name


def test_each_weight_learns():
    net = build()
    net(torch.rand(1, 3, 16, 16)).square().mean().backward()
    assert [name for name, weight in net.named_parameters() if weight.grad is None] == []


@pytest.mark.parametrize('blocks', [[1], []])
def test_one_number_of_blocks_is_wanted_for_each_width(blocks):
    with pytest.raises(ValueError, match=r'widths=\[4, 6\] and blocks=.*for each width'):
        build(blocks=blocks)
