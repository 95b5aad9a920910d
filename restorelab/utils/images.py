"""Read and write image files. No other module of restorelab opens one.

Pillow reads them. Unlike OpenCV it knows the EXIF orientation, palettes and CMYK, and it notices
truncated files. Every reading error is an ``ImageReadError`` that begins with the name of the file.
"""

import os
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from restorelab.utils.files import atomic_path

READ_EXTENSIONS = (
    '.bmp',
    '.gif',
    '.jfif',
    '.jpeg',
    '.jpg',
    '.pgm',
    '.png',
    '.ppm',
    '.tif',
    '.tiff',
    '.webp',
)
# JPEG without chroma subsampling, which would blur restored color edges again
WRITE_OPTIONS = {
    '.bmp': {},
    '.jpeg': dict(quality=95, subsampling=0),
    '.jpg': dict(quality=95, subsampling=0),
    '.png': {},
    '.tif': dict(compression='tiff_deflate'),
    '.tiff': dict(compression='tiff_deflate'),
    '.webp': dict(lossless=True),
}
PIXEL_LIMIT_VARIABLE = 'RESTORELAB_MAX_PIXELS'


class ImageReadError(ValueError):
    """A file that cannot be read as an image; the message begins with its name."""


def read_image(path: str | os.PathLike) -> np.ndarray:
    """uint8 (H, W, 3), RGB, of an image file as a viewer shows it.

    - The EXIF orientation is applied.
    - Gray, palette and CMYK images become RGB.
    - 16-bit images, and float images in [0, 1], are scaled to 8 bits.
    - Transparent pixels are blended with white.
    - Of several frames the first is read.
    - Color profiles are ignored.

    Pillow refuses an image of more than 2 * ``PIL.Image.MAX_IMAGE_PIXELS`` pixels (178,956,970) as
    a decompression bomb. The environment variable ``RESTORELAB_MAX_PIXELS`` sets another limit.

    Raises: ImageReadError for any file that cannot be read.
    """
    path = Path(path)
    _check_is_readable_file(path)
    _set_pixel_limit()
    try:
        with Image.open(path) as image:
            image.load()
            array = to_rgb_array(image)
    except Image.DecompressionBombError as error:
        raise ImageReadError(
            f'{path}: refused as a possible decompression bomb ({error}) If you trust it, set the '
            f'environment variable {PIXEL_LIMIT_VARIABLE} to a larger number of pixels.'
        ) from error
    except MemoryError:
        raise
    except Exception as error:  # Pillow's readers raise nearly anything on damaged data
        raise ImageReadError(f'{path}: not a readable image ({_reason(error)})') from error
    if 0 in array.shape:
        raise ImageReadError(f'{path}: the image has no pixels ({array.shape[1]}x{array.shape[0]})')
    return array


def write_image(path: str | os.PathLike, image: np.ndarray) -> None:
    """Write uint8 (H, W, 3), RGB. When the disk is full, an earlier file at ``path`` stays whole.

    The extension names the format. JPEG is written at quality 95 without chroma subsampling; the
    other formats are lossless.

    Raises:
        ValueError: for an extension that is not in ``WRITE_OPTIONS``.
        TypeError: for another array.
        OSError: naming the file.
    """
    path = Path(path)
    options = WRITE_OPTIONS[check_write_extension(path)]
    _check_is_rgb(image, path)
    try:
        with atomic_path(path) as temporary:
            Image.fromarray(image).save(temporary, **options)
    except (OSError, ValueError) as error:
        raise OSError(f'{path}: could not be written ({_reason(error)})') from error


def check_write_extension(path: str | os.PathLike) -> str:
    """The lower-case extension of ``path``. Raises: ValueError that lists the known ones."""
    extension = Path(path).suffix.lower()
    if extension not in WRITE_OPTIONS:
        raise ValueError(
            f"{path}: images are not written as '{extension}'; choose one of "
            f'{", ".join(WRITE_OPTIONS)}'
        )
    return extension


def to_rgb_array(image: Image.Image) -> np.ndarray:
    """uint8 (H, W, 3), RGB, of a Pillow image of any mode, by the rules of ``read_image``.

    Raises: ValueError for values of more than 16 bits, or floats outside [0, 1].
    """
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(('I', 'F')):
        gray = _high_depth_to_uint8(np.asarray(image))
        return np.repeat(gray[..., None], 3, axis=2)
    if image.has_transparency_data:
        image = image.convert('RGBA')
        paper = Image.new('RGBA', image.size, 'white')
        image = Image.alpha_composite(paper, image)
    return np.array(image.convert('RGB'))


def equalize_channels(image: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) with the histogram of each channel equalized by OpenCV."""
    import cv2

    return cv2.merge([cv2.equalizeHist(channel) for channel in cv2.split(image)])


def to_unit_tensor(image: np.ndarray) -> Tensor:
    """uint8 (H, W, 3) -> float32 (3, H, W) in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float().div_(255)


def to_uint8(image: Tensor | np.ndarray) -> np.ndarray:
    """An image in [0, 1] as uint8 (H, W, 3), clamped and rounded to the nearest level.

    ``image``: a float tensor (3, H, W), or a float array (H, W, 3). NaN becomes 0. A uint8 array is
    returned unchanged.
    """
    if isinstance(image, Tensor):
        image = image.detach().cpu().float().permute(1, 2, 0).numpy()
    if image.dtype == np.uint8:
        return image
    levels = np.nan_to_num(np.rint(np.clip(image, 0, 1) * 255))
    return np.ascontiguousarray(levels.astype(np.uint8))


def _check_is_rgb(image: np.ndarray, path: Path) -> None:
    if not isinstance(image, np.ndarray):
        kind = type(image).__name__
    elif image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        kind = f'{image.dtype} {image.shape}'
    else:
        return
    raise TypeError(
        f'{path}: write_image takes uint8 (H, W, 3) RGB, not {kind}; '
        'restorelab.utils.images.to_uint8 converts a tensor'
    )


def _check_is_readable_file(path: Path) -> None:
    if not path.exists():
        raise ImageReadError(f'{path}: no such file')
    if path.is_dir():
        raise ImageReadError(f'{path}: is a folder, not an image file')
    if path.is_file() and path.stat().st_size == 0:
        raise ImageReadError(f'{path}: the file is empty (0 bytes)')


def _set_pixel_limit() -> None:
    limit = os.environ.get(PIXEL_LIMIT_VARIABLE)
    if not limit:
        return
    if not limit.isdecimal() or not int(limit):
        raise ValueError(
            f"{PIXEL_LIMIT_VARIABLE} is '{limit}'; it must be a number of pixels, such as 400000000"
        )
    Image.MAX_IMAGE_PIXELS = (int(limit) + 1) // 2  # Pillow refuses what is twice as large


def _high_depth_to_uint8(values: np.ndarray) -> np.ndarray:
    """16-bit integers (of any integer type) and floats in [0, 1] to 0..255.

    Raises: ValueError for values outside these ranges, whose meaning is unknown.
    """
    top = 65535 if np.issubdtype(values.dtype, np.integer) else 1
    if values.size and not (values.min() >= 0 and values.max() <= top):  # a NaN fails here too
        raise ValueError(
            f'{values.dtype} values from {values.min()} to {values.max()}, wanted 0 to {top}; '
            'save the image with 8 or 16 bits a channel'
        )
    return np.round(values.astype(np.float64) * (255 / top)).astype(np.uint8)


def _reason(error: Exception) -> str:
    return f'{type(error).__name__}: {error}'
