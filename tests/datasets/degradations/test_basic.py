import numpy as np
import pytest

from restorelab.datasets.degradations import gaussian_noise, jpeg, lowlight, uneven_darkness
from tests.datasets.pictures import flat, scene


def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize('sigma', [15 / 255, 50 / 255])
def test_gaussian_noise_has_the_asked_deviation_and_no_mean(sigma):
    noise = gaussian_noise(flat(0.5), sigma, rng()) - flat(0.5)
    assert noise.std() == pytest.approx(sigma, rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=sigma / 50)


def test_gaussian_noise_is_not_clipped():
    assert gaussian_noise(flat(1.0), 0.2, rng()).max() > 1.3


def test_gaussian_noise_is_white_over_space_and_channels():
    noise = gaussian_noise(flat(0), 1, rng())
    assert abs((noise[1:] * noise[:-1]).mean()) < 0.02
    assert abs((noise[..., 0] * noise[..., 1]).mean()) < 0.02


def test_lowlight_without_noise_is_the_gamma_curve():
    image = scene()
    np.testing.assert_allclose(lowlight(image, 2.2, 0.6, 0, 0, rng()), 0.6 * image**2.2, atol=1e-6)


def test_lowlight_noise_has_the_variance_of_its_model():
    dark = 0.5 * 0.8**2
    out = lowlight(flat(0.8, 256), 2, 0.5, read_noise=0.02, shot_noise=0.05, rng=rng())
    assert out.mean() == pytest.approx(dark, rel=0.01)
    assert out.var() == pytest.approx(0.02**2 + 0.05**2 * dark, rel=0.03)


def test_darkness_that_is_even_is_lowlight():
    image = scene()
    even = uneven_darkness(image, 2.2, 0.6, evenness=1, rng=rng())
    np.testing.assert_allclose(even, lowlight(image, 2.2, 0.6, 0, 0, rng()), atol=1e-6)


@pytest.mark.parametrize('seed', range(4))
def test_the_gain_of_uneven_darkness_falls_off_smoothly_to_its_evenness(seed):
    gains = uneven_darkness(flat(1), 2.2, 0.8, 0.25, np.random.default_rng(seed))[..., 0]
    assert (gains.max(), gains.min()) == pytest.approx((0.8, 0.2), abs=1e-3)
    assert max(np.abs(np.diff(gains, axis=0)).max(), np.abs(np.diff(gains, axis=1)).max()) < 0.02


def test_jpeg_loses_more_at_lower_quality():
    image = np.clip(gaussian_noise(scene(), 0.1, rng()), 0, 1)
    errors = [np.square(jpeg(image, quality, rng()) - image).mean() for quality in (10, 30, 60, 95)]
    assert errors == sorted(errors, reverse=True)


def test_jpeg_keeps_the_order_of_the_channels():
    red = flat(0) + np.array([0.8, 0.1, 0.1], np.float32)
    np.testing.assert_allclose(jpeg(red, 90, rng()), red, atol=0.02)
