"""Samples as a file stores them, and how they become those of a photo."""

from typing import NamedTuple

import numpy as np
from PIL import Image

from restorelab.io import color

# EXIF's orientations, as (swap the axes first, then flip up-down, then flip left-right).
TURNS = {
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}
SIDEWAYS = (5, 6, 7, 8)  # those that swap the axes


class Picture(NamedTuple):
    """Samples of a file as it stores them, not yet turned."""

    samples: np.ndarray  # (H, W, 1 or 3)
    alpha: np.ndarray | None  # (H, W)
    white: float
    lost: tuple[str, ...] = ()
    profile: bytes | None = None


def plain_picture(image: Image.Image, lost: tuple[str, ...] = ()) -> Picture:
    """8 bits of a Pillow image that has color, gray or a palette.

    A palette is looked up, which loses nothing: a restored picture has colors of its own.
    """
    if image.mode.startswith('I'):  # 16 bits of gray, which Pillow would cut off at 255
        samples = np.rint(np.asarray(image) * (255 / 65535)).astype(np.uint8)
        return Picture(samples[..., None], None, 255, lost)
    mode = 'L' if image.mode in ('1', 'L', 'LA', 'La') else 'RGB'
    if image.has_transparency_data:
        samples = np.asarray(image.convert('RGBA' if mode == 'RGB' else 'LA'))
        return Picture(samples[..., :-1].copy(), samples[..., -1].copy(), 255, lost)
    samples = np.array(image.convert(mode))
    return Picture(samples.reshape(*samples.shape[:2], -1), None, 255, lost)


def turned(array: np.ndarray, orientation: int) -> np.ndarray:
    """An array (H, W, ...) made upright, by the orientation of its EXIF; unknown ones are 1."""
    if orientation not in TURNS:
        return array
    swap, upside_down, mirrored = TURNS[orientation]
    if swap:
        array = array.swapaxes(0, 1)
    if upside_down:
        array = array[::-1]
    if mirrored:
        array = array[:, ::-1]
    return np.ascontiguousarray(array)


def with_profile(picture: Picture, profile: bytes | None) -> Picture:
    """With the profile, where it says the colors of these samples; otherwise it is named."""
    if not profile:
        return picture
    fault = color.fault_of_profile(profile, picture.samples.shape[2])
    if fault is not None:
        return picture._replace(lost=(*picture.lost, fault))
    return picture._replace(profile=profile)


def picture_of_8_bits(
    image: Image.Image, profile: bytes | None, lost: tuple[str, ...] = ()
) -> Picture:
    """8 bits of a Pillow image of any mode, with the profile where that is of these samples."""
    if image.mode == 'CMYK':
        return rgb_of_cmyk(np.asarray(image), profile)
    if image.mode == 'LAB':
        return rgb_of_lab(image)
    return with_profile(plain_picture(image, lost), profile)


def rgb_of_cmyk(inks: np.ndarray, profile: bytes | None) -> Picture:
    """sRGB of uint8 (H, W, 4), by the profile where there is a good one."""
    lost = ['CMYK']
    if profile:
        fault = color.fault_of_profile(profile, 4)
        if fault is None:
            return Picture(color.to_srgb(inks, profile, 'uint8'), None, 255, ('CMYK',))
        lost.append(fault)
    samples = np.array(Image.fromarray(inks, 'CMYK').convert('RGB'))
    return Picture(samples, None, 255, tuple(lost))


def rgb_of_lab(image: Image.Image) -> Picture:
    """sRGB of a Pillow image in CIE L*a*b*."""
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile('LAB'), ImageCms.createProfile('sRGB')
    image = ImageCms.profileToProfile(image, lab, srgb, outputMode='RGB')
    return Picture(np.array(image), None, 255, ('L*a*b* colors',))
