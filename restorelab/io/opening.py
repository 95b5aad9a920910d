"""How every image file is opened: what is refused before a reader sees it, and in which words."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from restorelab.utils.files import fault_of_file

PIXEL_LIMIT_VARIABLE = 'RESTORELAB_MAX_PIXELS'


class ImageReadError(ValueError):
    """A file that cannot be read as an image; the message begins with its name."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Check the file at ``path``, then turn each error of the block into an ``ImageReadError``.

    A MemoryError stays one: the file may be whole.

    Raises: ImageReadError.
    """
    fault = fault_of_file(path)
    if fault is not None:
        raise ImageReadError(f'{path}: {fault}')
    if path.stat().st_size == 0:
        raise ImageReadError(f'{path}: the file is empty (0 bytes)')
    _set_pixel_limit()
    try:
        yield
    except (ImageReadError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise ImageReadError(
            f'{path}: refused as a possible decompression bomb ({error}) If you trust it, set the '
            f'environment variable {PIXEL_LIMIT_VARIABLE} to a larger number of pixels.'
        ) from error
    except Exception as error:  # readers raise nearly anything on damaged data
        raise ImageReadError(f'{path}: not a readable image ({reason(error)})') from error


def check_pixels(width: int, height: int) -> None:
    """Refuse what Pillow refuses, for files that another library reads.

    Raises: Image.DecompressionBombError; ValueError for an image without pixels.
    """
    if width * height == 0:
        raise ValueError(f'the image has no pixels ({width}x{height})')
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and width * height > 2 * limit:
        raise Image.DecompressionBombError(
            f'Image size ({width * height} pixels) exceeds limit of {2 * limit} pixels, could be '
            'decompression bomb DOS attack.'
        )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an error of a writer in the block into an OSError that names ``path``.

    Raises: OSError with the ``errno`` of the cause.
    """
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:  # encoders raise all of them
        failure = OSError(f'{path}: could not be written ({reason(error)})')
        failure.errno = error.errno if isinstance(error, OSError) else None
        raise failure from error


def _set_pixel_limit() -> None:
    limit = os.environ.get(PIXEL_LIMIT_VARIABLE)
    if not limit:
        return
    if not limit.isdecimal() or not int(limit):
        raise ValueError(
            f"{PIXEL_LIMIT_VARIABLE} is '{limit}'; it must be a number of pixels, such as 400000000"
        )
    Image.MAX_IMAGE_PIXELS = (int(limit) + 1) // 2  # Pillow refuses what is twice as large


def reason(error: Exception) -> str:
    return f'{type(error).__name__}: {error}'
