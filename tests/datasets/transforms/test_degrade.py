import numpy as np
import pytest

from restorelab.datasets import DEFAULT_KINDS, Degrade
from restorelab.datasets.transforms.degrade import draw
from tests.datasets.pictures import sample, scene


def picture():
    return (scene(48, 40) * 255).astype(np.uint8)


@pytest.mark.parametrize('degradation', sorted(set(DEFAULT_KINDS) - {'clean'}))
def test_every_default_degradation_changes_the_image_to_eight_bits_of_the_same_shape(degradation):
    results = Degrade()(sample(gt=picture(), degradation=degradation))
    assert results['lq'].dtype == np.uint8
    assert results['lq'].shape == results['gt'].shape
    assert (results['lq'] != results['gt']).mean() > 0.01


def test_the_degradation_clean_gives_the_clean_image():
    results = Degrade()(sample(gt=picture(), degradation='clean'))
    np.testing.assert_array_equal(results['lq'], results['gt'])


def test_values_are_clipped_and_rounded_to_the_nearest_level():
    gt = np.array([[[10, 128, 250]]], np.uint8)
    results = Degrade(dict(noise=dict(type=add, shift=[10.6 / 255, 10.6 / 255])))(sample(gt=gt))
    np.testing.assert_array_equal(results['lq'], [[[21, 139, 255]]])


def add(image, shift, rng):
    return image + np.float32(shift)


def test_kinds_replace_single_defaults_and_keep_the_others():
    degrade = Degrade(dict(noise=dict(type='gaussian_noise', sigma=0)))
    assert set(degrade.kinds) == set(DEFAULT_KINDS)
    results = degrade(sample(gt=picture()))
    np.testing.assert_array_equal(results['lq'], results['gt'])


def test_strengths_without_a_type_change_those_of_the_default():
    same = dict(DEFAULT_KINDS['corruption'], severity=3)
    picked = Degrade(dict(corruption=dict(severity=3))).kinds['corruption']
    assert picked == Degrade(dict(corruption=same)).kinds['corruption']


def test_of_several_kinds_each_is_drawn():
    degrade = Degrade(dict(noise=[dict(type=add, shift=0.1), dict(type=add, shift=0.2)]))
    black = np.zeros((1, 1, 3), np.uint8)
    assert {degrade(sample(gt=black, seed=seed))['lq'].max() for seed in range(20)} == {26, 51}


def test_ranges_are_drawn_as_the_config_says():
    rng = np.random.default_rng(0)
    assert draw(3.5, rng) == 3.5
    assert {draw((1, 3), rng) for _ in range(50)} == {1, 2, 3}
    assert all(0.5 <= draw([0.5, 0.6], rng) < 0.6 for _ in range(50))
    assert {draw(dict(choice=[15, 25, 50]), rng) for _ in range(50)} == {15, 25, 50}
    assert {draw(dict(choice=['fog', 'snow'], weights=[0, 1]), rng) for _ in range(50)} == {'snow'}


def test_imagenet_c_mixture_of_unirestore_can_be_said():
    degrade = Degrade(
        dict(
            noise=dict(
                type='corruption',
                name=dict(choice=['fog', 'jpeg']),
                severity=dict(choice=[1, 2, 3, 4, 5], weights=[0.05, 0.25, 0.4, 0.25, 0.05]),
            )
        )
    )
    assert degrade(sample(gt=picture()))['lq'].shape == (48, 40, 3)


@pytest.mark.parametrize(
    ('kind', 'error', 'message'),
    [
        (dict(type='gausian_noise', sigma=1), KeyError, 'gaussian_noise'),
        (dict(type='gaussian_noise', sigm=1), TypeError, "'sigm': did you mean sigma"),
        (dict(type='gaussian_noise'), TypeError, r"degradation 'noise'\) needs \['sigma'\]"),
        (dict(type='gaussian_noise', sigma=(0.2, 0.1)), ValueError, r'sigma=\(0.2, 0.1\)'),
        (dict(type='gaussian_noise', sigma=dict(choice=[])), ValueError, 'choice'),
        (
            dict(type='gaussian_noise', sigma=dict(choice=[1, 2], weights=[1])),
            ValueError,
            'weights',
        ),
        (dict(type='gaussian_noise', sigma=1, rng=3), TypeError, 'rng'),
    ],
    ids=str,
)
def test_a_wrong_kind_fails_when_it_is_built(kind, error, message):
    with pytest.raises(error, match=message):
        Degrade(dict(noise=kind))


@pytest.mark.parametrize('degradation', ['moire', 'blur'])
def test_strengths_alone_need_a_single_default(degradation):
    with pytest.raises(TypeError, match="'type'"):
        Degrade({degradation: dict(sigma=1)})


def test_an_unknown_degradation_is_named():
    with pytest.raises(KeyError, match=r"degradation 'moire' \(sample 'k'\)"):
        Degrade()(sample(gt=picture(), degradation='moire'))
