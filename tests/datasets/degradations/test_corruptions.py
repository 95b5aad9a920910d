import numpy as np
import pytest

from restorelab.datasets.degradations import CORRUPTIONS, corruption, resized_corruption
from restorelab.datasets.degradations.corruptions import mix_channels, plasma
from restorelab.datasets.transforms.degrade import Degrade
from tests.datasets.pictures import flat, scene


def corrupt(image, name, severity):
    return corruption(image, name, severity, np.random.default_rng(0))


@pytest.mark.parametrize('name', sorted(set(CORRUPTIONS) - {'glass_blur', 'snow'}))
def test_the_highest_severity_changes_more_than_the_lowest(name):
    image = scene(224, 224) + 0.1 * np.sin(np.arange(224, dtype=np.float32))[:, None, None]
    mild, severe = (np.square(corrupt(image, name, severity) - image).mean() for severity in (1, 5))
    assert severe > mild


def test_shot_noise_has_the_variance_of_counted_photons():
    out = corrupt(flat(0.5), 'shot_noise', 3)
    assert out.var() == pytest.approx(0.5 / 12, rel=0.03)


def test_impulse_noise_strikes_the_share_that_it_should():
    out = corrupt(flat(0.5), 'impulse_noise', 5)
    assert (out == 0).mean() == pytest.approx(0.135, rel=0.05)
    assert (out == 1).mean() == pytest.approx(0.135, rel=0.05)


def test_speckle_noise_leaves_black_alone():
    assert (corrupt(flat(0), 'speckle_noise', 5) == 0).all()


@pytest.mark.parametrize(
    'name', ['gaussian_blur', 'glass_blur', 'defocus_blur', 'motion_blur', 'zoom_blur']
)
def test_blurs_stay_within_a_channel_and_keep_flat_areas(name):
    red = flat(0)
    red[..., 0] = 1
    np.testing.assert_allclose(corrupt(red, name, 5), red, atol=1e-5)


def test_contrast_shrinks_distances_from_the_mean():
    image = scene()
    out = corrupt(image, 'contrast', 4)
    np.testing.assert_allclose(out.mean(axis=(0, 1)), image.mean(axis=(0, 1)), atol=1e-5)
    assert out.std(axis=(0, 1)) == pytest.approx(0.1 * image.std(axis=(0, 1)), rel=1e-3)


def test_brightness_lifts_the_largest_channel():
    np.testing.assert_allclose(corrupt(flat(0.3), 'brightness', 2), 0.5, atol=1e-3)


def test_fog_keeps_white_at_most_white():
    assert corrupt(flat(1), 'fog', 5).max() == pytest.approx(1, abs=1e-5)


def test_plasma_fills_the_unit_range():
    field = plasma(64, 1.7, np.random.default_rng(0))
    assert (field.min(), field.max()) == (0, 1)


def test_plasma_is_rougher_with_slower_decay():
    smooth, rough = (
        np.abs(np.diff(plasma(64, decay, np.random.default_rng(0)))).mean() for decay in (2.5, 1.4)
    )
    assert rough > 1.5 * smooth


def test_pixelate_leaves_as_many_values_as_it_has_blocks():
    image = np.random.default_rng(0).random((64, 64, 3), dtype=np.float32)
    assert len(np.unique(corrupt(image, 'pixelate', 5)[..., 0])) <= 16 * 16


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(KeyError, match=r"'fogg'; there are .*'elastic_transform'"):
        corrupt(scene(), 'fogg', 3)


@pytest.mark.parametrize('severity', [0, 6, 2.5])
def test_a_wrong_severity_is_refused(severity):
    with pytest.raises(ValueError, match='from 1 to 5'):
        corrupt(scene(), 'fog', severity)


def test_frost_keeps_its_share_of_the_image():
    out = corrupt(flat(1), 'frost', 5)
    assert out.min() >= 0.6
    assert out.max() > 0.9


def test_a_clean_image_is_not_even_resized():
    image = scene(40, 30)
    assert resized_corruption(image, 'clean', 5, 17, np.random.default_rng(0)) is image


def test_a_smaller_side_makes_the_same_blur_wider():
    image = scene(96, 96)
    small, large = (
        resized_corruption(image, 'defocus_blur', 1, side, np.random.default_rng(0))
        for side in (32, 96)
    )
    assert np.square(small - image).mean() > np.square(large - image).mean()


def test_a_side_of_no_pixels_is_refused():
    with pytest.raises(ValueError, match='short_side 0'):
        resized_corruption(scene(8, 8), 'fog', 1, 0, np.random.default_rng(0))


def test_the_legacy_blur_crosses_channels_as_scikit_image_does_without_an_axis_of_colors():
    from skimage.filters import gaussian

    red = flat(0)
    red[..., 0] = 1
    np.testing.assert_allclose(mix_channels(red, 1.5)[0, 0], [0.63, 0.37, 0.15], atol=5e-3)
    legacy = corruption(red, 'gaussian_blur', 2, np.random.default_rng(0), legacy_channel_blur=True)
    np.testing.assert_allclose(legacy, gaussian(red, sigma=2, channel_axis=None), atol=1e-3)


def test_a_config_asks_for_the_legacy_blur_and_goes_without_by_default():
    image = np.zeros((16, 16, 3), np.uint8)
    image[..., 0] = 255

    def green(**options) -> int:
        kinds = dict(blur=dict(type='corruption', name='glass_blur', severity=5, **options))
        return Degrade(kinds)(
            dict(gt=image, degradation='blur', rng=np.random.default_rng(0), key='a')
        )['lq'][..., 1].max()

    assert green() == 0
    assert green(legacy_channel_blur=True) > 80


def test_a_corrupted_picture_is_one_of_eight_bits_before_it_is_resized_back():
    """Noise on a dark area is clipped at black, which lifts the mean. Resizing first hides it."""
    out = resized_corruption(flat(0.05), 'gaussian_noise', 5, 300, np.random.default_rng(0))
    assert out.min() >= 0
    assert out.mean() > 0.1
