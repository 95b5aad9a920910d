"""What is IRSDEUNet's own."""

import pytest
import torch

from restorelab.registry import BACKBONES


def build(**options):
    return BACKBONES.build(dict(type='IRSDEUNet', width=8, **options))


def test_canonical_taps_of_four_levels():
    net = build(channel_mults=[1, 2, 4, 8], attention=[None] * 4, mid_attention=None)
    widths = {spec.name: spec.channels for spec in net.tap_specs}
    assert [widths[name] for name in ('enc.s2', 'enc.s4', 'enc.s8')] == [8, 16, 32]
    assert [widths[name] for name in ('dec.s8.in', 'dec.s4.in', 'dec.s2.in')] == [64, 32, 16]


@pytest.mark.parametrize(
    ('options', 'error', 'message'),
    [
        (
            dict(channel_mults=[1, 2], attention=[None]),
            ValueError,
            'attention names 1 levels, channel_mults 2',
        ),
        (
            dict(channel_mults=[1], attention=[dict(type='SparseAttentionBlock')]),
            KeyError,
            "no block is called 'SparseAttentionBlock'; nearest",
        ),
        (
            dict(channel_mults=[1], attention=[dict(type='TransformerBlock', num_heads=2)]),
            TypeError,
            "'TransformerBlock', 'num_heads': 2}: that is no AttentionBlock",
        ),
        (
            dict(channel_mults=[1], attention=[dict(type='SpatialTransformerBlock')]),
            ValueError,
            'multiple of 32 channels, not 8',
        ),
    ],
)
def test_options_that_do_not_fit_are_explained(options, error, message):
    with pytest.raises(error, match=message):
        build(mid_attention=None, **options)


def test_it_answers_for_the_difference_of_state_and_degraded_image():
    net, x = (
        build(channel_mults=[1], attention=[None], mid_attention=None),
        torch.rand(2, 1, 3, 4, 4),
    )
    assert torch.equal(net.combine(*x), torch.cat([x[0] - x[1], x[1]], dim=1))
