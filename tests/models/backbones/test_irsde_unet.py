"""What is IRSDEUNet's own."""

import pytest
import torch

from restorelab.registry import BACKBONES


def build(**options):
    return BACKBONES.build(dict(type='IRSDEUNet', width=8, **options))


def test_canonical_taps_of_four_levels():
    net = build(channel_mults=[1, 2, 4, 8], attention=['none'] * 4, mid_attention='none')
    widths = {spec.name: spec.channels for spec in net.tap_specs}
    assert [widths[name] for name in ('enc.s2', 'enc.s4', 'enc.s8')] == [8, 16, 32]
    assert [widths[name] for name in ('dec.s8.in', 'dec.s4.in', 'dec.s2.in')] == [64, 32, 16]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (
            dict(channel_mults=[1, 2], attention=['none']),
            'attention names 1 levels, channel_mults 2',
        ),
        (
            dict(channel_mults=[1], attention=['sparse']),
            "no attention is called 'sparse'; choose from",
        ),
        (dict(channel_mults=[1], attention=['transformer']), 'multiple of 32 channels, not 8'),
    ],
)
def test_options_that_do_not_fit_are_explained(options, message):
    with pytest.raises(ValueError, match=message):
        build(mid_attention='none', **options)


def test_it_answers_for_the_difference_of_state_and_degraded_image():
    net, x = (
        build(channel_mults=[1], attention=['none'], mid_attention='none'),
        torch.rand(2, 1, 3, 4, 4),
    )
    assert torch.equal(net.combine(*x), torch.cat([x[0] - x[1], x[1]], dim=1))
