import numpy as np
import pytest

from restorelab.datasets.degradations import (
    camera_noise,
    jpeg,
    jpeg_twice,
    sensor_noise,
)
from tests.datasets.pictures import flat, scene


def rng(seed=0):
    return np.random.default_rng(seed)


def grain(value, read_noise=0.02, shot_noise=0.1, softness=0.0, seed=0):
    image = flat(value, 256)
    return camera_noise(image, read_noise, shot_noise, softness, rng(seed)) - image


def correlation(noise):
    """Of horizontal neighbors, over all channels."""
    return (noise[:, 1:] * noise[:, :-1]).mean() / noise.var()


@pytest.mark.parametrize('value', [0.0, 0.5])
def test_sensor_noise_has_the_variance_of_its_model(value):
    noise = sensor_noise(flat(value, 256), 0.02, 0.05, rng()) - flat(value, 256)
    assert noise.mean() == pytest.approx(0, abs=0.001)
    assert noise.var() == pytest.approx(0.02**2 + 0.05**2 * value, rel=0.03)


def test_camera_noise_has_no_mean():
    noise = grain(0.5)
    assert abs(noise.mean(axis=(0, 1))).max() < noise.std() / 50


def test_neighbors_share_camera_noise_and_not_sensor_noise():
    white = sensor_noise(flat(0.5, 256), 0.02, 0.1, rng()) - flat(0.5, 256)
    assert abs(correlation(white)) < 0.02
    assert correlation(grain(0.5)) > 0.3


def test_softness_spreads_camera_noise_and_weakens_it():
    sharp, soft = grain(0.5), grain(0.5, softness=1.0)
    assert correlation(soft) > correlation(sharp) + 0.1
    assert soft.std() < sharp.std()


@pytest.mark.parametrize(
    ('levels', 'power'),
    [(dict(shot_noise=0), -1.2), (dict(read_noise=0), -0.1)],
    ids=['read', 'shot'],
)
def test_camera_noise_depends_on_the_light_as_the_gamma_stretches_it(levels, power):
    """The deviation is even (read) or like v^1.1 (shot), times the slope of v^(1 / 2.2)."""
    dark, bright = grain(0.3, **levels).std(), grain(0.9, **levels).std()
    assert dark / bright == pytest.approx((0.3 / 0.9) ** power, rel=0.02)


def test_camera_noise_is_weakest_in_green():
    """A sensor has twice as many green pixels, and white balance does not amplify them."""
    red, green, blue = grain(0.5).std(axis=(0, 1))
    assert green < min(red, blue)


def test_white_balance_amplifies_read_noise_by_its_gain_and_shot_noise_by_the_root():
    """Of red, beside green. Interpolated from one pixel in four, it loses more than from two."""
    spread = ((1 + 2 / 2 + 1 / 4) / 4) ** 0.5 / ((1 + 1 / 4) / 2) ** 0.5
    read, shot = (grain(0.5, **levels) for levels in (dict(shot_noise=0), dict(read_noise=0)))
    by_read, by_shot = (noise[..., 0].std() / noise[..., 1].std() for noise in (read, shot))
    gain = by_read / spread
    assert 1.5 <= gain <= 2.4
    assert by_shot / spread == pytest.approx(gain**0.5, rel=0.02)


def test_a_camera_without_noise_leaves_the_picture():
    np.testing.assert_array_equal(camera_noise(scene(), 0, 0, 0.7, rng()), scene())


def block_phase(image):
    """Where in a row of eight columns the blocks of a JPEG begin: at the largest steps."""
    steps = np.abs(np.diff(image, axis=1)).mean(axis=(0, 2))
    phases = [steps[phase::8].mean() for phase in range(8)]
    return (int(np.argmax(phases)) + 1) % 8


def test_the_first_of_two_jpegs_has_a_grid_of_its_own():
    ramp = scene(128, 128)
    assert {block_phase(jpeg(ramp, 3, rng(seed))) for seed in range(3)} == {0}
    assert len({block_phase(jpeg_twice(ramp, 3, 95, rng(seed))) for seed in range(8)}) > 2


def test_two_jpegs_lose_what_the_coarser_one_loses():
    image = scene()
    errors = []
    for first, second in ((10, 95), (95, 10), (95, 95)):
        errors.append(np.square(jpeg_twice(image, first, second, rng()) - image).mean())
    coarse = np.square(jpeg(image, 10, rng()) - image).mean()
    assert errors[:2] == pytest.approx([coarse, coarse], rel=0.3)
    assert errors[2] < coarse / 3
