"""What is PooledFiLM's own."""

import torch

from restorelab.registry import ADAPTERS
from restorelab.structures import TapContext
from tests.models.tiny import WIDTHS, condition, feature, randomize, taps

SPEC = next(spec for spec in taps() if spec.name == 'enc.s1')


def build(**options):
    return ADAPTERS.build(
        dict(type='PooledFiLM', taps=['enc.s1'], tap_specs=taps(), cond_widths=WIDTHS, **options)
    )


def test_only_the_mean_of_the_tokens_matters():
    adapter, feat, cond = randomize(build()), feature(SPEC), condition()
    pooled = cond.apply(lambda value: value.mean(dim=1, keepdim=True) if value.ndim == 3 else value)
    outs = [TapContext({'enc.s1': [adapter]}, c).tap('enc.s1', feat) for c in (cond, pooled)]
    torch.testing.assert_close(*outs)


def test_idle_taps_have_weights_and_change_nothing():
    adapter = randomize(build(idle_taps=['dec.s1.in']))
    assert adapter.taps == ('enc.s1',)
    assert set(adapter.layers) == {'enc_s1', 'dec_s1_in'}
    assert not any(weight.requires_grad for weight in adapter.layers['dec_s1_in'].parameters())


def test_the_official_start_is_not_the_identity():
    adapter, feat = build(zero_init=False), feature(SPEC)
    assert not torch.equal(TapContext({'enc.s1': [adapter]}, condition()).tap('enc.s1', feat), feat)
