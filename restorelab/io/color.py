"""Colors of a photograph in its own ICC profile, and as sRGB.

Little CMS converts (``imagecodecs``), with relative colorimetric intent. All is done in bands of
rows, so that a large picture needs little memory beyond itself.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

BAND = 2**18  # pixels that are converted at once
SPACES = {1: b'GRAY', 3: b'RGB ', 4: b'CMYK'}  # of a profile, by its number of channels
NAMES = {1: 'gray', 3: 'rgb', 4: 'cmyk'}  # of imagecodecs
RELATIVE = 1  # the intent


PRIMARIES = {  # x and y of red, green and blue, by their number in H.273
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046),  # BT.2020
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060),  # Display P3
}
D65 = [0.3127, 0.3290, 1.0]
SRGB_TRANSFER = 13
HDR = {16: 'HDR brightness (PQ)', 18: 'HDR brightness (HLG)'}


@lru_cache(maxsize=4)
def profile_of_primaries(primaries: int, transfer: int) -> bytes | None:
    """For numbers of H.273, which HEIF and AVIF may have in place of a profile.

    None for all but a wide gamut with the curve of sRGB; others count as sRGB.
    """
    if primaries not in PRIMARIES or transfer != SRGB_TRANSFER:
        return None
    from imagecodecs import cms_profile

    points = []
    for start in (0, 2, 4):
        points += [*PRIMARIES[primaries][start : start + 2], 1.0]
    level = np.linspace(0, 1, 1024)
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    curve = np.rint(linear * 65535).astype(np.uint16)
    return _undated(cms_profile('rgb', whitepoint=D65, primaries=points, transferfunction=curve))


@lru_cache(maxsize=1)
def adobe_rgb_profile() -> bytes:
    from imagecodecs import cms_profile

    return _undated(cms_profile('adobergb'))


def _undated(profile: bytes) -> bytes:
    """Without the time it was made, so that equal files get equal profiles."""
    return profile[:24] + bytes(12) + profile[36:]


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    from imagecodecs import cms_profile

    return cms_profile('srgb')


def fault_of_profile(profile: bytes, channels: int) -> str | None:
    """Why an ICC profile does not say the colors of samples of that many channels, or None."""
    if len(profile) < 128 or profile[36:40] != b'acsp':
        return 'damaged color profile'
    if profile[16:20] != SPACES[channels]:
        space = profile[16:20].decode('latin-1').strip()
        return f'color profile of another space ({space})'
    if not _converts(profile, channels):
        return 'damaged color profile'
    return None


@lru_cache(maxsize=16)
def _converts(profile: bytes, channels: int) -> bool:
    """Whether Little CMS makes something of it, in both directions where samples go back."""
    from imagecodecs import CmsError

    try:
        color = _convert(
            np.zeros((1, 1, channels), np.uint16), profile, srgb_profile(), 3, 'uint16'
        )
        if channels != 4:
            _convert(color, srgb_profile(), profile, channels, 'uint16')
    except (CmsError, ValueError):
        return False
    return True


@lru_cache(maxsize=16)
def is_srgb(profile: bytes | None) -> bool:
    """Whether a profile of color changes no color by half a level of 255."""
    if profile is None:
        return True
    if profile[16:20] != SPACES[3]:
        return False
    steps = np.linspace(0, 1, 9, dtype=np.float32)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
    converted = _convert(grid, profile, srgb_profile(), 3, 'float32')
    return bool(np.abs(converted - grid).max() <= 0.5 / 255)


def bands(height: int, width: int) -> Iterator[slice]:
    """Slices of rows that hold about ``BAND`` pixels each."""
    rows = max(1, BAND // max(1, width))
    for top in range(0, height, rows):
        yield slice(top, top + rows)


def to_srgb(samples: np.ndarray, profile: bytes, kind: str) -> np.ndarray:
    """(H, W, 3) in sRGB of samples (H, W, 1, 3 or 4) in ``profile``.

    Args:
        samples: uint8, uint16 with white at 65535, or float32 in [0, 1].
        kind: type of the result, ``'uint8'`` or ``'float32'``; the latter is clipped to [0, 1].
    """
    color = _convert(samples, profile, srgb_profile(), 3, kind)
    if kind == 'float32':
        np.clip(color, 0, 1, out=color)
    return color


def from_srgb(color: np.ndarray, profile: bytes, channels: int) -> np.ndarray:
    """(H, W, channels) in ``profile`` of sRGB (H, W, 3), both float32 in [0, 1], not clipped.

    With integers of 16 bits Little CMS would interpolate in a table, and be wrong by up to 5 levels
    of 255.
    """
    return _convert(color, srgb_profile(), profile, channels, 'float32')


def _convert(
    samples: np.ndarray, source: bytes, target: bytes, channels: int, kind: str
) -> np.ndarray:
    from imagecodecs import cms_transform

    flat = np.ascontiguousarray(samples)
    if flat.shape[2] == 1:
        flat = flat[..., 0]
    result = cms_transform(
        flat,
        source,
        target,
        colorspace=NAMES[samples.shape[2]],
        outcolorspace=NAMES[channels],
        outdtype=kind,
        intent=RELATIVE,
    )
    return result.reshape(*samples.shape[:2], channels)
