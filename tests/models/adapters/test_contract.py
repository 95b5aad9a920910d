"""What every adapter promises."""

import pytest
import torch

from restorelab.registry import ADAPTERS
from restorelab.structures import Condition, TapContext
from tests.models.tiny import TINY_ADAPTERS, WIDTHS, condition, feature, part, randomize, taps

KINDS = {'vectors', 'tokens', 'maps'}


@pytest.fixture(params=TINY_ADAPTERS)
def adapter(request):
    torch.manual_seed(0)
    return ADAPTERS.build(part(TINY_ADAPTERS, request.param, tap_specs=taps(), cond_widths=WIDTHS))


@pytest.fixture
def hearing(adapter):
    """An adapter that asks for conditions."""
    return adapter if adapter.needs else pytest.skip('needs no condition')


def passed(adapter, feats: dict, cond: Condition) -> dict:
    ctx = TapContext({name: [adapter] for name in adapter.taps}, cond, time=torch.tensor([3]))
    return {name: ctx.tap(name, feat) for name, feat in feats.items()}


def features(adapter) -> dict:
    return {spec.name: feature(spec) for spec in taps() if spec.name in adapter.taps}


def test_it_declares_taps_of_the_backbone(adapter):
    assert adapter.taps
    assert set(adapter.taps) <= {spec.name for spec in taps()}


def test_it_declares_the_conditions_it_needs_by_full_name(adapter):
    assert all(need.split('.')[0] in KINDS for need in adapter.needs)


def test_it_needs_nothing_that_it_does_not_declare(adapter):
    cond = condition()
    kept = Condition(
        *(
            {
                name: value
                for name, value in getattr(cond, kind).items()
                if f'{kind}.{name}' in adapter.needs
            }
            for kind in ('vectors', 'tokens', 'maps')
        )
    )
    passed(adapter, features(adapter), kept)


def test_it_keeps_the_shape(adapter):
    feats = features(adapter)
    for name, out in passed(randomize(adapter), feats, condition()).items():
        assert out.shape == feats[name].shape, name


def test_it_starts_as_the_identity_or_says_that_it_does_not(adapter):
    feats = features(adapter)
    out = passed(adapter, feats, condition())
    says_not = 'not the identity at the start' in ' '.join(type(adapter).__doc__.split())
    assert all(torch.equal(out[name], feats[name]) for name in feats) != says_not


def test_its_condition_matters(hearing):
    adapter = hearing
    feats, randomized = features(adapter), randomize(adapter, std=1)
    first, second = passed(randomized, feats, condition()), passed(randomized, feats, condition())
    assert not any(torch.equal(first[name], second[name]) for name in feats)


def test_a_missing_condition_is_named_with_what_there_is(hearing):
    adapter = hearing
    cond = Condition(maps=dict(depth=torch.rand(2, 1, 4, 4)))
    with pytest.raises(
        KeyError, match=r"no prior provides .*the configured ones provide \['maps.depth'\]"
    ):
        passed(adapter, features(adapter), cond)


def test_samples_of_a_batch_do_not_see_each_other(adapter):
    adapter, feats, cond = randomize(adapter), features(adapter), condition()
    both = passed(adapter, feats, cond)
    second = passed(
        adapter,
        {name: feat[1:] for name, feat in feats.items()},
        cond.apply(lambda value: value[1:]),
    )
    for name in feats:
        torch.testing.assert_close(both[name][1:], second[name])


def test_bfloat16_autocast_stays_finite(adapter):
    with torch.autocast('cpu', torch.bfloat16):
        out = passed(randomize(adapter), features(adapter), condition())
    assert all(value.isfinite().all() for value in out.values())


@pytest.mark.parametrize(
    ('name', 'wrong'),
    [
        ('PooledFiLM', 'enc.s64'),
        ('PooledFiLM', 'mid.tokens'),
        ('TokenCrossAttention', 'dec.s64.tokens'),
        ('TokenCrossAttention', 'time'),
    ],
)
def test_a_wrong_tap_is_named_with_those_to_choose_from(name, wrong):
    with pytest.raises(
        ValueError, match=rf"{name} asks for the taps \['{wrong}'\], but this backbone has"
    ):
        ADAPTERS.build(
            part(TINY_ADAPTERS, name, taps=[wrong], tap_specs=taps(), cond_widths=WIDTHS)
        )


@pytest.mark.parametrize('name', ['PromptTimeAdapter', 'TokenCrossAttention'])
def test_a_backbone_without_its_taps_is_refused(name):
    with pytest.raises(ValueError, match=name):
        ADAPTERS.build(part(TINY_ADAPTERS, name, tap_specs=[], cond_widths=WIDTHS))
