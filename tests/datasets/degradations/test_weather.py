import numpy as np
import pytest

from restorelab.datasets.degradations import depth_haze, haze, rain, snow, soft_rain
from restorelab.datasets.degradations.weather import depth_field, streak
from tests.datasets.pictures import flat, scene


def rng(seed=0):
    return np.random.default_rng(seed)


def test_no_haze_leaves_the_image():
    np.testing.assert_allclose(haze(scene(), 0, 0.9, rng()), scene(), atol=1e-6)


def test_dense_haze_shows_only_airlight():
    np.testing.assert_allclose(haze(scene(), 200, 0.85, rng()), 0.85, atol=1e-6)


def test_haze_lies_between_scene_and_airlight():
    image, out = scene(), haze(scene(), 1.0, 1.0, rng())
    assert ((out >= image - 1e-6) & (out <= 1)).all()


def test_haze_has_one_transmission_for_the_three_channels():
    image = scene()
    transmission = (1 - haze(image, 1.2, 1.0, rng())) / (1 - image)
    np.testing.assert_allclose(transmission, transmission[..., :1].repeat(3, axis=2), atol=1e-4)


@pytest.mark.parametrize('shape', [(128, 128), (300, 451), (1, 7)], ids=str)
def test_depth_has_mean_one_and_is_never_at_the_lens(shape):
    fields = [depth_field(shape, rng(seed)) for seed in range(50)]
    assert np.mean(fields) == pytest.approx(1, abs=0.05)
    assert np.min(fields) >= np.float32(0.2)


def test_depth_is_smooth():
    field = depth_field((128, 128), rng())
    assert max(np.abs(np.diff(field, axis=0)).max(), np.abs(np.diff(field, axis=1)).max()) < 0.05


def veil(steepness=0.0, tint=0.0, beta=1.0, seed=0):
    """What a haze over a landscape adds to black."""
    return depth_haze(flat(0), beta, 0.8, tint, steepness, rng(seed))


def test_no_haze_over_a_landscape_leaves_the_image():
    np.testing.assert_allclose(depth_haze(scene(), 0, 0.8, 0.1, 1, rng()), scene(), atol=1e-6)


def test_the_densest_haze_over_a_landscape_lets_something_through():
    out = depth_haze(scene(), 200, 0.8, 0, 0, rng())
    np.testing.assert_allclose(out, 0.05 * scene() + 0.95 * 0.8, atol=1e-6)


def test_haze_over_a_landscape_is_as_colored_as_asked():
    assert (veil() == veil()[..., :1]).all()
    light = veil(tint=0.05, beta=200)[0, 0] / 0.95
    assert np.ptp(light) > 0.01
    assert np.abs(light - 0.8).max() <= 0.05


def test_a_steep_landscape_is_hazier_above_than_below():
    steep = np.mean([veil(1.0, seed=seed) for seed in range(20)], axis=0)
    even = np.mean([veil(0.0, seed=seed) for seed in range(20)], axis=0)
    assert steep[:32].mean() > steep[-32:].mean() + 0.15
    assert even[:32].mean() == pytest.approx(even[-32:].mean(), abs=0.1)


def rainy(image, density=0.01, brightness=0.8, slant=0.0):
    return rain(image, density, 20, brightness, slant, rng())


def test_rain_only_brightens_and_never_exceeds_white():
    image = scene()
    assert (rainy(image) >= image).all()
    assert rainy(flat(1)).max() == pytest.approx(1)


def test_rain_on_black_is_as_bright_as_asked_and_gray():
    out = rainy(flat(0), density=0.03, brightness=0.6)
    assert 0.5 < out.max() <= 0.6 + 1e-6
    assert (out == out[..., :1]).all()


def test_more_drops_cover_more():
    covered = [(rainy(flat(0), density) > 0.05).mean() for density in (0.001, 0.004, 0.016)]
    assert covered[0] < covered[1] < covered[2] < 0.9


def test_dry_weather_leaves_the_image():
    np.testing.assert_array_equal(rainy(scene(), density=0), scene())


def test_streaks_run_along_the_fall():
    out = rainy(flat(0))[..., 0]
    out = out - out.mean()
    along, across = (out[6:] * out[:-6]).mean(), (out[:, 6:] * out[:, :-6]).mean()
    assert along > 3 * across


def softly_rainy(image, width=2.0, slant=0.0):
    return soft_rain(image, 0.01, 20, width, 0.4, slant, rng())


def test_soft_rain_adds_one_gray_layer_to_any_picture():
    layer = softly_rainy(flat(0, 96))
    assert (layer == layer[..., :1]).all()
    assert layer.min() > -1e-6
    np.testing.assert_allclose(softly_rainy(scene()) - scene(), layer, atol=1e-6)


def test_soft_rain_is_as_bright_as_asked():
    layer = softly_rainy(flat(0))[..., 0]
    assert np.quantile(layer, 0.995) == pytest.approx(0.4, abs=1e-3)
    assert layer.max() <= 1.5 * 0.4 + 1e-6


def test_soft_rain_runs_along_its_fall_and_wider_streaks_are_smoother():
    narrow, wide = (softly_rainy(flat(0), width)[..., 0] for width in (1.0, 4.0))
    along, across = (np.abs(np.diff(narrow, axis=axis)).mean() for axis in (0, 1))
    assert along < across / 3
    assert np.abs(np.diff(wide, axis=1)).mean() < 0.7 * across


@pytest.mark.parametrize(('length', 'width', 'angle'), [(20, 1, 90), (5, 9, 40), (0, 1, 0)])
def test_streak_has_peak_one_and_fades_before_its_border(length, width, angle):
    stamp = streak(length, width, angle)
    assert stamp.max() == 1
    border = np.concatenate([stamp[0], stamp[-1], stamp[:, 0], stamp[:, -1]])
    assert border.max() < 0.1


def test_snow_is_white_where_it_covers():
    out = snow(flat(0), 0.02, 8, 1.0, rng())
    assert out.max() == pytest.approx(0.95, abs=0.02)


def test_snow_shows_the_scene_through_as_opacity_says():
    out = snow(flat(0), 0.1, 8, 0.4, rng())
    assert out.max() == pytest.approx(0.4 * 0.95, abs=1e-3)


def test_rain_and_snow_have_no_seam_at_the_border():
    out = np.mean([snow(flat(0, 32), 0.02, 8, 1.0, rng(seed)) for seed in range(150)], axis=0)[
        ..., 0
    ]
    assert out[[0, -1]].mean() == pytest.approx(out[8:-8, 8:-8].mean(), rel=0.15)
