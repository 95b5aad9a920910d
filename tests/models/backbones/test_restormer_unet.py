"""Restormer's trunk: sizes of the papers, taps, and what it refuses."""

import pytest
import torch

from restorelab.models.backbones import RestormerUNet
from restorelab.registry import BACKBONES
from restorelab.structures import TapContext
from tests.models.tiny import TINY_BACKBONES, part


def count(**options) -> int:
    with torch.device('meta'):
        return sum(weight.numel() for weight in RestormerUNet(**options).parameters())


def test_published_sizes():
    assert count() == 25_571_439  # Perceive-IR's medium restorer
    assert count(level1_reduce=False, bias=False) == 26_126_644  # Restormer, as its release counts


class Adapter:
    def __init__(self, change=0.0):
        self.change, self.shapes = change, {}

    def on_tap(self, name, feat, ctx):
        self.shapes[name] = tuple(feat.shape[1:])
        return feat + self.change


@pytest.fixture
def net():
    torch.manual_seed(0)
    return BACKBONES.build(part(TINY_BACKBONES, 'RestormerUNet')).eval()


def test_its_taps_are_what_it_says(net):
    spy = Adapter()
    net(torch.rand(1, 3, 8, 12), TapContext({spec.name: [spy] for spec in net.tap_specs}))
    assert spy.shapes == {
        spec.name: (spec.channels, 8 // spec.stride, 12 // spec.stride) for spec in net.tap_specs
    }


@torch.no_grad()
def test_every_tap_reaches_the_output(net):
    image = torch.rand(1, 3, 8, 12)
    plain = net(image)
    for spec in net.tap_specs:
        assert not torch.equal(net(image, TapContext({spec.name: [Adapter(1.0)]})), plain), (
            spec.name
        )


def test_a_plain_decoder_has_no_guidance():
    names = [spec.name for spec in RestormerUNet(dim=4, blocks=[1, 1], heads=[1, 1]).tap_specs]
    assert names == ['enc.s1', 'dec.s2.in', 'dec.s2', 'mid', 'dec.s1.in', 'dec.s1']


def test_levels_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match='must name the same levels'):
        RestormerUNet(blocks=[1, 1, 1], heads=[1, 2])


def test_bfloat16_autocast_stays_close(net):
    image = torch.rand(1, 3, 16, 16)
    with torch.autocast('cpu', torch.bfloat16):
        low = net(image)
    torch.testing.assert_close(low.float(), net(image), rtol=0.1, atol=0.1)
