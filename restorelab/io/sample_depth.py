"""How samples of more than 8 bits become 8 bits.

=====================================================================  ============================
file                                                                   its white
=====================================================================  ============================
PGM and PPM                                                            the maximum in their header
TIFF of 12 bits a sample                                               4095
16-bit TIFF whose tag MaxSampleValue is 2^n - 1, n from 9 to 16        2^n - 1
other files of 16 bits, with RESTORELAB_SAMPLE_BITS=n (9 to 16)        2^n - 1
other files of 16 bits                                                 65535, see below
TIFF of 32-bit floats                                                  1
TIFF of signed or of 32-bit integers                                   refused: it has no white
=====================================================================  ============================

Samples above white, or below 0, and NaN are refused. Many cameras and microscopes store 12 bits in
16. With white at 65535 such a picture would come out black. So a file of 16 bits that does not say
its white is refused where no sample is above 4095, unless all are 0.
"""

import os
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFile

SAMPLE_BITS_VARIABLE = 'RESTORELAB_SAMPLE_BITS'
BITS_PER_SAMPLE, MAX_SAMPLE_VALUE, SAMPLE_FORMAT = 258, 281, 339  # tags of TIFF
SIGNED = 2
WHITE_16, WHITE_12 = 65535, 4095
WHITES = tuple(2**bits - 1 for bits in range(9, 17))


class Depth(NamedTuple):
    """What a Pillow image says of its samples before it is loaded.

    Attributes:
        deep: whether the file holds 16 bits a sample.
        white: the value that is white, where the file says it.
    """

    deep: bool
    white: int | None


def depth_of(image: Image.Image) -> Depth:
    """Raises: ValueError for signed and for 32-bit integers."""
    stored = ' '.join(str(tile[3]) for tile in image.tile) if _is_file(image) else image.mode
    deep = 'I;16' in image.mode or ';16' in stored or ';12' in stored
    if image.format == 'PPM':
        return Depth(deep, WHITE_16)  # Pillow scales them by the maximum in their header
    if image.format != 'TIFF':
        return Depth(deep, None)
    bits = max(_numbers(image, BITS_PER_SAMPLE, (1,)))
    is_signed = SIGNED in _numbers(image, SAMPLE_FORMAT, (1,))
    if is_signed or (bits == 32 and image.mode == 'I'):
        raise unknown_white(is_signed, bits)
    if bits == 12:
        return Depth(True, WHITE_12)
    stated = max(_numbers(image, MAX_SAMPLE_VALUE, (0,)))
    return Depth(deep, stated if stated in WHITES else None)


def unknown_white(is_signed: bool, bits: int) -> ValueError:
    """The error for integers whose white nothing says."""
    kind = 'signed' if is_signed else 'unsigned'
    return ValueError(
        f'{kind} integers of {bits} bits, whose white is unknown; save the image with 8 or 16 '
        'unsigned bits a sample, or as floats in [0, 1]'
    )


def _is_file(image: Image.Image) -> bool:
    return isinstance(image, ImageFile.ImageFile)


def _numbers(image: Image.Image, tag: int, default: tuple) -> tuple:
    value = image.tag_v2.get(tag, default)
    return value if isinstance(value, tuple) else (value,)


def chosen_white() -> int | None:
    """The white that the environment variable names. Raises: ValueError for another value."""
    text = os.environ.get(SAMPLE_BITS_VARIABLE)
    if not text:
        return None
    if not text.isdecimal() or not 9 <= int(text) <= 16:
        raise ValueError(
            f"{SAMPLE_BITS_VARIABLE} is '{text}'; it must be a number of bits from 9 to 16"
        )
    return 2 ** int(text) - 1


def to_8_bits(values: np.ndarray, white: int | None) -> np.ndarray:
    """Integers of 0..``white``, or floats in [0, 1], as uint8 of the same shape.

    Args:
        white: what the file says, or None.
    Raises: ValueError for values outside the range, and for those that look like 12 bits.
    """
    return np.round(values.astype(np.float64) * (255 / white_of(values, white))).astype(np.uint8)


def white_of(values: np.ndarray, white: int | None) -> int:
    """The white of integers of more than 8 bits, or of floats, all of which are checked.

    Args:
        white: what the file says, or None.
    Raises: ValueError as ``to_8_bits``.
    """
    if not np.issubdtype(values.dtype, np.integer):
        _check_range(values, 1)
        return 1
    white = white or chosen_white()
    if white is None and 0 < values.max(initial=0) <= WHITE_12 and values.min() >= 0:
        raise ValueError(
            f'16 bits a sample, but no sample is above {values.max()}, as in pictures of 12 bits; '
            f'set the environment variable {SAMPLE_BITS_VARIABLE}=12 if white is {WHITE_12}, or '
            f'=16 if the picture is that dark'
        )
    _check_range(values, white or WHITE_16)
    return white or WHITE_16


def _check_range(values: np.ndarray, white: int) -> None:
    if values.size and not (values.min() >= 0 and values.max() <= white):  # a NaN fails here too
        raise ValueError(
            f'{values.dtype} values from {values.min()} to {values.max()}, wanted 0 to {white}; '
            'save the image with 8 or 16 bits a channel'
        )
