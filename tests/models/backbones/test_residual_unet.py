import pytest
import torch

from restorelab.registry import BACKBONES
from restorelab.structures import Condition, TapContext
from tests.models.backbones.test_contract import Recorder, Shift
from tests.models.tiny import TINY_BACKBONES, part, randomize


def build(**options):
    torch.manual_seed(0)
    return BACKBONES.build(part(TINY_BACKBONES, 'ResidualUNet', **options))


def trained(**options):
    return randomize(build(**options)).eval()


def told(**strengths):
    vectors = {name: torch.tensor(values)[:, None] for name, values in strengths.items()}
    return TapContext({}, Condition(vectors=vectors))


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


def test_strengths_change_nothing_until_it_has_learned():
    net, lq = build(told=['noise', 'jpeg']), torch.rand(1, 3, 16, 16)
    weak, strong = told(noise=[0.0], jpeg=[0.0]), told(noise=[1.0], jpeg=[0.5])
    assert torch.equal(net(lq, weak), net(lq, strong))


@torch.no_grad()
def test_each_image_is_told_its_own_strengths():
    net, lq = trained(told=['noise']), torch.rand(1, 3, 16, 16)
    both = net(lq.expand(2, -1, -1, -1), told(noise=[0.1, 0.9]))
    for image, strength in zip(both, (0.1, 0.9), strict=True):
        torch.testing.assert_close(image[None], net(lq, told(noise=[strength])))
    assert not torch.allclose(both[0], both[1])


def test_each_weight_learns():
    net = build(told=['noise'])
    net(torch.rand(1, 3, 16, 16), told(noise=[0.5])).square().mean().backward()
    assert [name for name, weight in net.named_parameters() if weight.grad is None] == []


def test_a_strength_that_no_prior_gives_is_named():
    with pytest.raises(KeyError, match="no prior provides vector 'noise'"):
        build(told=['noise'])(torch.rand(1, 3, 16, 16))


@pytest.mark.parametrize('blocks', [[1], []])
def test_one_number_of_blocks_is_wanted_for_each_width(blocks):
    with pytest.raises(ValueError, match=r'widths=\[4, 6\] and blocks=.*for each width'):
        build(blocks=blocks)
