import numpy as np
import pytest

from restorelab.datasets import DegradeInOrder, OnTheFlyDataset
from restorelab.datasets.transforms.degrade_in_order import damage
from tests.datasets.pictures import sample, scene

ORDER = ['haze', 'blur', 'noise']


def dim(image, rng):
    return image * np.float32(0.8)


def lift(image, rng):
    return image + np.float32(0.02)


def square(image, rng):
    return image**2


KINDS = dict(haze=dict(type=dim), blur=dict(type=lift), noise=dict(type=square))
ALL = dict.fromkeys(ORDER, 1.0)


def picture():
    return (scene(24, 20) * 255).astype(np.uint8)


def made(degradation='noise', seed=0, **options):
    options = dict(order=ORDER, kinds=KINDS) | options
    return DegradeInOrder(**options)(sample(gt=picture(), degradation=degradation, seed=seed))


def assert_is(levels, expected):
    """Within the rounding to eight bits."""
    np.testing.assert_allclose(levels / 255, expected, atol=0.51 / 255)


def test_degradations_follow_the_order_and_not_the_sample():
    clean = picture() / 255
    assert_is(made(others=ALL)['lq'], (0.8 * clean + 0.02) ** 2)
    assert_is(made(others=ALL, order=ORDER[::-1])['lq'], 0.8 * (clean**2 + 0.02))


def test_without_others_only_the_samples_own_degradation_comes():
    results = made('blur')
    assert_is(results['lq'], picture() / 255 + 0.02)
    assert np.flatnonzero(results['strengths']).tolist() == [1]


@pytest.mark.parametrize(
    ('undo', 'target'),
    [
        (None, lambda clean: clean),
        (['haze'], lambda clean: clean),
        (['blur'], lambda clean: 0.8 * clean),
        (['blur', 'noise'], lambda clean: 0.8 * clean),
        (['noise'], lambda clean: 0.8 * clean + 0.02),
    ],
)
def test_the_target_is_the_picture_before_the_first_degradation_to_undo(undo, target):
    assert_is(made(others=ALL, undo=undo)['gt'], target(picture() / 255))


def test_who_has_nothing_to_undo_is_to_leave_the_picture_as_it_is():
    results = made('haze', undo=['noise'])
    assert not np.array_equal(results['lq'], picture())
    np.testing.assert_array_equal(results['gt'], results['lq'])


def test_clean_means_no_degradation():
    results = made('clean')
    np.testing.assert_array_equal(results['lq'], picture())
    np.testing.assert_array_equal(results['gt'], picture())
    assert (results['strengths'] == 0).all()


def test_strengths_are_the_damage_that_each_degradation_does():
    clean = picture() / np.float32(255)
    dimmed = np.float32(0.8) * clean
    lifted = dimmed + np.float32(0.02)
    expected = [damage(clean, dimmed), damage(dimmed, lifted), damage(lifted, lifted**2)]
    strengths = made(others=ALL)['strengths']
    assert strengths.dtype == np.float32
    np.testing.assert_allclose(strengths, expected, atol=1e-5)
    assert 0 < min(expected) < max(expected) <= 1


@pytest.mark.parametrize(
    ('decibels', 'strength'), [(60, 0), (45, 0), (30, 0.5), (20, 5 / 6), (15, 1), (5, 1)]
)
def test_damage_falls_from_one_at_15_decibels_to_none_at_45(decibels, strength):
    before = np.full((4, 4, 3), 0.2)
    assert damage(before, before + 10 ** (-decibels / 20)) == pytest.approx(strength)


def test_a_picture_that_stays_the_same_has_no_damage():
    assert damage(scene(), scene()) == 0


def test_the_generator_alone_decides():
    options = dict(kinds=None, others=dict(haze=0.5, blur=0.5))
    first, second = (made(seed=3, **options) for _ in range(2))
    for name in ('lq', 'gt', 'strengths'):
        np.testing.assert_array_equal(first[name], second[name])
    assert not np.array_equal(first['lq'], made(seed=4, **options)['lq'])


def test_others_come_as_often_as_asked():
    came = [made(seed=seed, others=dict(haze=0.25))['strengths'][0] > 0 for seed in range(400)]
    assert np.mean(came) == pytest.approx(0.25, abs=0.07)


@pytest.mark.parametrize(
    ('options', 'error', 'message'),
    [
        (dict(order=['hase']), KeyError, r"degradation 'hase' \(order of DegradeInOrder\)"),
        (dict(undo=['nois']), KeyError, r"'nois' \(undo of DegradeInOrder\).*mean noise\?"),
        (dict(others=dict(rain=0.5)), KeyError, r"'rain' \(others of .*order=\['haze', 'blur'"),
        (dict(others=dict(haze=1.5)), ValueError, r'haze=1\.5; wanted is a probability'),
        (dict(others=dict(haze=float('nan'))), ValueError, r'haze=nan'),
        (dict(kinds=dict(noise=dict(type='gaussian_noise'))), TypeError, r"needs \['sigma'\]"),
    ],
    ids=str,
)
def test_a_wrong_option_fails_when_it_is_built(options, error, message):
    with pytest.raises(error, match=message):
        made(**options)


def test_a_degradation_without_a_place_in_the_order_is_named():
    with pytest.raises(KeyError, match=r"'rain' \(sample 'k'\) has no place in order=\['haze'"):
        made('rain')


def test_a_data_set_finds_such_a_degradation_before_it_reads_a_picture():
    pipeline = [dict(type='DegradeInOrder', order=['noise', 'jpeg'])]
    with pytest.raises(KeyError, match=r"'rain' \(OnTheFlyDataset, degradations=.* no place"):
        OnTheFlyDataset(degradations=['clean', 'noise', 'rain'], pipeline=pipeline)
