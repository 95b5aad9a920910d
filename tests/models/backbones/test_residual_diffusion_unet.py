import pytest
import torch

from restorelab.models.backbones import ResidualDiffusionUNet
from restorelab.structures import TapContext

TINY = dict(width=8, channel_mults=[1, 2])


@pytest.mark.parametrize(
    ('width', 'mults', 'parameters'),
    [
        (32, [1, 1, 1, 1], 886_435),
        (32, [1, 2, 2, 4], 3_268_643),
        (64, [1, 2, 2, 4], 12_406_851),
        (64, [1, 2, 4, 8], 36_261_187),
    ],
)
def test_the_four_sizes_have_the_published_numbers_of_parameters(width, mults, parameters):
    with torch.device('meta'):
        net = ResidualDiffusionUNet(width=width, channel_mults=mults)
    assert sum(p.numel() for p in net.parameters()) == parameters
    assert len(list(net.parameters())) == 276


@pytest.mark.parametrize('size', [(9, 9), (5, 3), (1, 1), (33, 47), (401, 601)])
@torch.inference_mode()
def test_any_size_comes_back_as_it_was(size):
    torch.manual_seed(0)
    net = ResidualDiffusionUNet(width=8, channel_mults=[1, 1, 1, 1])
    x, lq = torch.rand(2, 1, 3, *size)
    out = net(x, lq, torch.tensor([500.0]))
    assert out.shape == x.shape
    assert torch.isfinite(out).all()


@torch.inference_mode()
def test_a_batch_gives_what_its_images_give_alone():
    torch.manual_seed(0)
    net = ResidualDiffusionUNet(**TINY)
    x, lq, time = *torch.rand(2, 3, 3, 16, 20), torch.tensor([10.0, 500.0, 993.0])
    alone = torch.cat([net(x[i : i + 1], lq[i : i + 1], time[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(net(x, lq, time), alone, atol=1e-5, rtol=0)


def test_state_and_degraded_image_are_not_interchangeable():
    torch.manual_seed(0)
    net = ResidualDiffusionUNet(**TINY)
    x, lq = torch.rand(2, 1, 3, 8, 8)
    assert not torch.allclose(net(x, lq, torch.tensor([10.0])), net(lq, x, torch.tensor([10.0])))


def test_taps_are_called_with_the_shapes_that_they_announce():
    net = ResidualDiffusionUNet(**TINY)
    seen = {}

    class Probe:
        def on_tap(self, name, feat, ctx):
            seen[name] = feat.shape
            return feat

    names = [spec.name for spec in net.tap_specs]
    net(
        *torch.rand(2, 1, 3, 16, 16),
        torch.tensor([10.0]),
        TapContext({name: [Probe()] for name in names}),
    )
    for spec in net.tap_specs:
        side = 16 // spec.stride if spec.stride else None
        assert seen[spec.name] == (
            (1, spec.channels, side, side) if side else (1, spec.channels)
        ), spec.name


def test_widths_that_cannot_be_grouped_are_refused():
    with pytest.raises(ValueError, match='norm_groups'):
        ResidualDiffusionUNet(width=12)


def test_an_unknown_way_of_attending_is_refused():
    with pytest.raises(KeyError, match="no block is called 'FastAttentionBlock'"):
        ResidualDiffusionUNet(**TINY, attention=dict(type='FastAttentionBlock'))
