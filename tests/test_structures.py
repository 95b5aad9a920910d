"""Conditions, taps and samples."""

import pytest
import torch

from restorelab.structures import (
    Condition,
    RestorationSample,
    TapContext,
    TapSpec,
    check_taps,
    select_taps,
    stack_images,
    tasks_of,
)

SPECS = [
    TapSpec('time', 'time', 0, 8),
    TapSpec('enc.s1', 'enc', 1, 4),
    TapSpec('mid.tokens', 'tokens', 2, 4),
]


def test_a_value_is_computed_once_a_key():
    cond, calls = Condition(), []
    for key in ('a', 'b', 'a'):
        cond.once(key, lambda: calls.append(1))
    assert len(calls) == 2


def test_update_takes_the_entries_of_all_kinds():
    cond = Condition(vectors=dict(a=torch.zeros(1, 2)))
    cond.update(
        Condition(tokens=dict(a=torch.zeros(1, 1, 2)), maps=dict(b=torch.zeros(1, 1, 2, 2)))
    )
    assert cond.names() == ['vectors.a', 'tokens.a', 'maps.b']


def test_update_refuses_a_name_that_is_there():
    cond = Condition(maps=dict(depth=torch.zeros(1, 1, 2, 2)))
    with pytest.raises(KeyError, match=r"two priors provide maps \['depth'\]"):
        cond.update(cond)


def test_apply_reaches_every_entry_and_leaves_the_original_alone():
    cond = Condition(
        dict(a=torch.zeros(2, 2)), dict(b=torch.zeros(2, 1, 2)), dict(c=torch.zeros(2, 1, 2, 2))
    )
    first = cond.apply(lambda value: value[:1])
    assert [len(value) for value in (first.vector('a'), first.token('b'), first.map('c'))] == [
        1,
        1,
        1,
    ]
    assert len(cond.vector('a')) == 2


def test_apply_forgets_what_was_computed_from_the_entries():
    cond = Condition()
    cond.once('key', lambda: torch.zeros(2))
    assert torch.equal(
        cond.apply(lambda value: value).once('key', lambda: torch.ones(1)), torch.ones(1)
    )


@pytest.mark.parametrize(
    ('read', 'what'), [('vector', "vector 'x'"), ('token', "token 'x'"), ('map', "map 'x'")]
)
def test_a_missing_entry_is_named_with_what_there_is(read, what):
    cond = Condition(vectors=dict(a=torch.zeros(1, 2)))
    with pytest.raises(
        KeyError, match=rf"no prior provides {what}; the configured ones provide \['vectors.a'\]"
    ):
        getattr(cond, read)('x')


def test_a_tap_without_an_adapter_hands_the_feature_back():
    feat = torch.rand(1, 2)
    assert TapContext({}).tap('enc.s1', feat) is feat


def test_adapters_of_one_tap_follow_each_other():
    class Append:
        def __init__(self, word):
            self.word = word

        def on_tap(self, name, feat, ctx):
            return feat + self.word

    assert TapContext({'enc.s1': [Append('a'), Append('b')]}).tap('enc.s1', '') == 'ab'


LEVELS = [
    TapSpec('enc.s1.block', 'enc', 1, 4),
    TapSpec('enc.s1', 'enc', 1, 4),
    TapSpec('enc.s2', 'enc', 2, 8),
    TapSpec('enc.s4', 'enc', 4, 8),
    TapSpec('dec.s4', 'dec', 4, 8),
    TapSpec('dec.s2.in', 'dec', 2, 8),
    TapSpec('dec.s2', 'dec', 2, 8),
    TapSpec('skip.0', 'skip', 1, 4),
    TapSpec('latent.enc.s1', 'enc', 1, 4),
]


@pytest.mark.parametrize(
    ('role', 'names'),
    [
        ('enc.*', ['enc.s1', 'enc.s2', 'enc.s4']),
        ('enc.s2+', ['enc.s2', 'enc.s4']),
        ('dec.*', ['dec.s4', 'dec.s2.in']),
        ('enc.*.block', ['enc.s1.block']),
        ('skip.*', ['skip.0']),
        ('latent.enc.*', ['latent.enc.s1']),
    ],
)
def test_a_role_is_one_tap_on_each_level_that_it_means(role, names):
    assert [spec.name for spec in select_taps(LEVELS, role, 'FiLM')] == names


def test_a_role_that_no_level_plays_is_missing():
    with pytest.raises(ValueError, match=r"FiLM asks for the taps \['dec.s8\+'\]"):
        select_taps(LEVELS, ['enc.*', 'dec.s8+'], 'FiLM')


def test_a_name_and_a_role_give_a_tap_once():
    assert select_taps(LEVELS, ['enc.s4', 'enc.s4+'], 'FiLM') == [LEVELS[3]]


@pytest.mark.parametrize(
    ('spec', 'message'),
    [
        (TapSpec('encoder.2', 'enc', 2, 8), "calls a tap 'encoder.2'"),
        (TapSpec('enc.s2', 'enc', 4, 8), "'enc.s2' of stride 4"),
        (TapSpec('enc.s2', 'dec', 2, 8), "on the side 'dec'"),
        (TapSpec('enc.s4', 'enc', 4, 8), "two taps called 'enc.s4'"),
    ],
)
def test_taps_outside_the_vocabulary_are_refused(spec, message):
    with pytest.raises(ValueError, match=message):
        check_taps([*LEVELS, spec], 'Net')


def test_a_network_inside_calls_taps_by_its_own_names():
    class Note:
        def on_tap(self, name, feat, ctx):
            ctx.skips[name] = feat
            return feat + 1

    ctx = TapContext({'latent.enc.s1': [Note()]})
    inner = ctx.inside({'enc.s1': 'latent.enc.s1'}, first={'enc.s1': lambda feat: 10 * feat})
    assert inner.tap('enc.s1', 2) == 21
    assert ctx.skips == inner.skips == {'latent.enc.s1': 20}


def test_taps_are_selected_in_the_wanted_order():
    assert select_taps(SPECS, ['mid.tokens', 'time'], 'FiLM') == [SPECS[2], SPECS[0]]


def test_a_missing_tap_is_named_with_those_there_are():
    with pytest.raises(
        ValueError, match=r"FiLM asks for the taps \['dec.s1'\], but this backbone has \['time', "
    ):
        select_taps(SPECS, ['dec.s1'], 'FiLM')


def test_a_tap_of_another_side_is_named_with_those_of_the_right_one():
    with pytest.raises(
        ValueError,
        match=r"\['mid.tokens'\], but this backbone has on \['enc', 'dec'\] \['enc.s1'\]",
    ):
        select_taps(SPECS, ['mid.tokens'], 'FiLM', sides=('enc', 'dec'))


def test_images_of_samples_are_stacked():
    samples = [RestorationSample(gt=torch.full((3, 2, 2), float(i))) for i in range(2)]
    assert stack_images(samples, 'gt', torch.device('cpu'))[:, 0, 0, 0].tolist() == [0, 1]


def test_a_batch_says_its_tasks_or_none():
    def batch(*tasks):
        samples = []
        for place, task in enumerate(tasks):
            meta = dict(key=f'k{place}') if task is None else dict(key=f'k{place}', task=task)
            samples.append(RestorationSample(metainfo=meta))
        return samples

    assert tasks_of(batch(None, None)) is None
    assert tasks_of(batch('ir', 'det')) == ['ir', 'det']
    with pytest.raises(KeyError, match="sample 'k1' names no 'task', but others of its batch do"):
        tasks_of(batch('ir', None))
