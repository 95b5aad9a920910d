"""Colors and depths go to the network and come back."""

import imagecodecs
import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from restorelab.io.metadata import Metadata
from restorelab.io.photo import Photo
from restorelab.io.photo_files import read_photo, write_photo
from tests.io.photo_cases import ADOBE_RGB, COLOR, GRAY_GAMMA, P3, SRGB, levels, ramp

# From linear P3 to linear sRGB; published with CSS Color 4.
P3_TO_SRGB = np.array([[1.2249, -0.2249, 0], [-0.0420, 1.0420, 0], [-0.0196, -0.0786, 1.0979]])
P3_COLOR = np.array([0.8, 0.3, 0.2])


def colors(count: int = 4096) -> np.ndarray:
    """uint8 (64, 64, 3) from all over the cube."""
    return np.random.default_rng(0).integers(0, 256, (64, count // 64, 3), dtype=np.uint8)


def lab_of(samples: np.ndarray, profile: bytes) -> np.ndarray:
    """CIE L*a*b*, by way of XYZ."""
    floats = np.ascontiguousarray(samples, np.float32) / np.float32(255)
    wide = imagecodecs.cms_transform(
        floats, profile, SRGB, colorspace='rgb', outcolorspace='rgb', outdtype='float32'
    )
    return rgb2lab(wide)


def photo_of(samples: np.ndarray, profile: bytes | None = None) -> Photo:
    white = {'uint8': 255, 'uint16': 65535, 'float32': 1.0}[samples.dtype.name]
    return Photo(samples, white=white, profile=profile)


@pytest.mark.parametrize('kind', ['uint8', 'uint16', 'float32'])
def test_the_network_sees_the_colors_of_the_profile(kind):
    white = {'uint8': 255, 'uint16': 65535, 'float32': 1}[kind]
    samples = np.full((2, 2, 3), P3_COLOR * white).astype(kind)
    wanted = 1.055 * (P3_TO_SRGB @ P3_COLOR**2.2) ** (1 / 2.4) - 0.055
    seen = photo_of(samples, P3).to_srgb()
    scale = 255 if kind == 'uint8' else 1
    assert np.abs(seen[0, 0] / scale - wanted).max() < (0.004 if kind == 'uint8' else 0.001)


@pytest.mark.parametrize('profile', [P3, ADOBE_RGB, SRGB, None])
@pytest.mark.parametrize('kind', ['uint8', 'float32'])
def test_a_restorer_that_changes_nothing_gives_the_samples_back(profile, kind):
    samples = colors() if kind == 'uint8' else (colors() / 255).astype(np.float32)
    photo = photo_of(samples, profile)
    np.testing.assert_array_equal(photo.with_srgb(photo.to_srgb()).samples, samples)


@pytest.mark.parametrize('profile', [None, P3, ADOBE_RGB])
@pytest.mark.parametrize('white', [65535, 4095])
def test_a_ramp_of_16_bits_comes_back_within_one_level(profile, white):
    ramp16 = np.arange(white + 1, dtype=np.uint16).reshape(-1, 64)
    photo = Photo(np.dstack([ramp16, ramp16[::-1], ramp16]), white=white, profile=profile)
    back = photo.with_srgb(photo.to_srgb()).samples
    assert np.abs(back.astype(int) - photo.samples).max() <= 1


def test_a_deep_photo_never_goes_through_8_bits():
    photo = photo_of(np.arange(65536, dtype=np.uint16).reshape(256, 256, 1))
    assert photo.to_srgb().dtype == np.float32
    assert len(np.unique(photo.to_srgb())) == 65536


def test_a_change_in_srgb_is_the_same_change_in_p3():
    """The restored picture, looked at in its own space, has the colors the network gave it."""
    samples = (60 + colors() * 0.4).astype(np.uint8)  # inside of sRGB
    photo = photo_of(samples, P3)
    wanted = np.clip(photo.to_srgb().astype(float) + 20, 0, 255).astype(np.uint8)
    changed = photo.with_srgb(wanted)
    difference = deltaE_ciede2000(lab_of(changed.samples, P3), rgb2lab(wanted))
    assert difference.max() < 2  # two roundings to 8 bits, of which the darkest colors show most
    assert difference.mean() < 0.5


def test_a_p3_picture_on_disk_comes_back_within_half_a_delta_e(tmp_path):
    photo = photo_of(colors(), P3)
    write_photo(tmp_path / 'a.png', photo)
    read = read_photo(tmp_path / 'a.png')
    write_photo(tmp_path / 'b.png', read.with_srgb(read.to_srgb()))
    back = read_photo(tmp_path / 'b.png')
    assert back.profile == P3
    assert deltaE_ciede2000(lab_of(back.samples, P3), lab_of(photo.samples, P3)).max() < 0.5


def test_colors_that_srgb_cannot_hold_survive_a_change_elsewhere():
    samples = np.full((8, 8, 3), 128, np.uint8)
    samples[:, :4] = (0, 255, 0)  # the green of P3
    photo = photo_of(samples, P3)
    restored = photo.to_srgb()
    restored[:, 4:] += 10
    back = photo.with_srgb(restored).samples
    assert (back[:, :4] == (0, 255, 0)).all()
    assert (back[:, 4:] > 130).all()


@pytest.mark.parametrize('profile', [None, GRAY_GAMMA])
def test_gray_stays_gray_and_takes_the_mean(profile):
    photo = photo_of(np.full((4, 4, 1), 100, np.uint8), profile)
    seen = photo.to_srgb()
    assert seen.shape == (4, 4, 3)
    assert (seen == seen[..., :1]).all()
    assert (photo.with_srgb(seen).samples == 100).all()
    tinted = seen + np.array([0, 30, 60], np.uint8)
    brighter = seen + np.uint8(30)
    np.testing.assert_array_equal(
        photo.with_srgb(tinted).samples, photo.with_srgb(brighter).samples
    )
    if profile is None:
        assert (photo.with_srgb(tinted).samples == 130).all()


def test_a_gray_profile_has_its_own_curve():
    photo = photo_of(np.full((1, 1, 1), 128, np.uint8), GRAY_GAMMA)
    linear = (128 / 255) ** 1.8
    assert abs(int(photo.to_srgb()[0, 0, 0]) - 255 * (1.055 * linear ** (1 / 2.4) - 0.055)) < 1.5


def test_without_a_profile_the_restored_picture_is_the_result():
    restored = colors()
    np.testing.assert_array_equal(photo_of(colors()[::-1]).with_srgb(restored).samples, restored)
    deep = photo_of(levels(3, 16)).with_srgb(np.full(COLOR.shape, 0.5, np.float32))
    assert (deep.samples == 32768).all()
    floats = ramp().astype(np.float32)[::-1]
    np.testing.assert_array_equal(
        photo_of(ramp().astype(np.float32)).with_srgb(floats).samples, floats
    )


def test_values_outside_of_the_range_are_clipped_and_nan_is_black():
    restored = np.zeros((1, 3, 3), np.float32)
    restored[0, :, 0] = (-1, 2, np.nan)
    back = photo_of(np.zeros((1, 3, 3), np.uint8)).with_srgb(restored)
    assert back.samples[0, :, 0].tolist() == [0, 255, 0]


def test_all_else_stays():
    alpha = levels(4)[..., 3]
    photo = Photo(COLOR, alpha=alpha, metadata=Metadata(comment=b'a'), lost=('CMYK',))
    back = photo.with_srgb(photo.to_srgb())
    assert back.alpha is alpha
    assert (back.metadata, back.lost, back.format) == (photo.metadata, ('CMYK',), 'PNG')


@pytest.mark.parametrize('restored', [COLOR[:-1], COLOR.astype(np.int32), COLOR[..., 0]])
def test_a_restored_picture_of_another_shape_or_type_is_refused(restored):
    with pytest.raises(TypeError, match='a restored picture is'):
        photo_of(COLOR).with_srgb(restored)


@pytest.mark.parametrize('samples', [COLOR[..., 0], COLOR.astype(np.int64), levels(4)])
def test_samples_of_another_shape_or_type_are_refused(samples):
    with pytest.raises(TypeError, match='samples of a photo are'):
        Photo(samples)


def test_opacity_of_another_size_is_refused():
    with pytest.raises(TypeError, match='alpha of a photo is'):
        Photo(COLOR, alpha=COLOR[:-1, :, 0])
