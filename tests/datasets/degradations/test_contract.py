"""What every registered degradation promises."""

import numpy as np
import pytest

from restorelab.datasets.degradations import CORRUPTIONS
from restorelab.datasets.transforms.degrade import DEFAULT_KINDS
from restorelab.registry import DEGRADATIONS
from tests.datasets.pictures import scene

STRENGTHS = dict(
    clean=dict(),
    gaussian_noise=dict(sigma=0.1),
    lowlight=dict(gamma=2, gain=0.6, read_noise=0.01, shot_noise=0.02),
    uneven_darkness=dict(gamma=2, gain=0.8, evenness=0.4),
    sensor_noise=dict(read_noise=0.02, shot_noise=0.05),
    camera_noise=dict(read_noise=0.02, shot_noise=0.05, softness=0.7),
    jpeg=dict(quality=20),
    jpeg_twice=dict(first=40, second=30),
    motion_blur=dict(length=9.5, bend=30),
    defocus_blur=dict(radius=2.5),
    haze=dict(beta=1, airlight=0.9),
    depth_haze=dict(beta=1, airlight=0.8, tint=0.05, steepness=0.7),
    rain=dict(density=0.01, length=15, brightness=0.8, slant=10),
    soft_rain=dict(density=0.01, length=15, width=2, brightness=0.4, slant=10),
    snow=dict(density=0.01, size=6, opacity=0.9),
    corruption=dict(name='fog', severity=3),
    resized_corruption=dict(name='motion_blur', severity=2, short_side=24),
)
CASES = [*STRENGTHS.items()] + [('corruption', dict(name=name, severity=5)) for name in CORRUPTIONS]


def names_of(case):
    return (
        case['name']
        if isinstance(case, dict) and 'name' in case
        else case
        if isinstance(case, str)
        else ''
    )


def degrade(name, strengths, image, seed=0):
    return DEGRADATIONS.get(name)(image, **strengths, rng=np.random.default_rng(seed))


def test_every_registered_degradation_is_tested_here():
    DEGRADATIONS.import_from_location()
    ours = {
        name
        for name, part in DEGRADATIONS.module_dict.items()
        if part.__module__.startswith('restorelab.')
    }
    assert ours == set(STRENGTHS)


def test_every_default_kind_names_a_degradation_that_is_tested_here():
    variants = [
        variant
        for kind in DEFAULT_KINDS.values()
        for variant in ([kind] if isinstance(kind, dict) else kind)
    ]
    assert {variant['type'] for variant in variants} <= set(STRENGTHS)


@pytest.mark.parametrize(('name', 'strengths'), CASES, ids=names_of)
@pytest.mark.parametrize('size', [(40, 56), (5, 3), (1, 1)], ids=str)
def test_shape_and_type_are_kept(name, strengths, size):
    out = degrade(name, strengths, scene(*size))
    assert out.shape == (*size, 3)
    assert out.dtype == np.float32
    assert np.isfinite(out).all()


@pytest.mark.parametrize(('name', 'strengths'), CASES, ids=names_of)
def test_the_result_depends_on_the_generator_alone(name, strengths):
    np.testing.assert_array_equal(
        degrade(name, strengths, scene()), degrade(name, strengths, scene())
    )


@pytest.mark.parametrize(('name', 'strengths'), CASES, ids=names_of)
def test_the_given_image_stays_as_it_was(name, strengths):
    image = scene()
    degrade(name, strengths, image)
    np.testing.assert_array_equal(image, scene())
