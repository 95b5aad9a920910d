"""Read and write photographs with all that their files hold.

``read_photo`` and ``read_frames`` say in ``Photo.lost`` what they could not take; ``write_photo``
and ``write_frames`` return what the format could not hold. What neither names is in the result.

Example::

    photo = read_photo('a.jpg')
    restored = photo.with_srgb(model(photo.to_srgb()))
    lost = photo.lost + write_photo('b.jpg', restored)
"""

from pathlib import Path

from restorelab.io.extras import HEIF_EXTENSIONS, RAW_EXTENSIONS, needed_extras
from restorelab.io.frames import Frames
from restorelab.io.images import READ_EXTENSIONS
from restorelab.io.opening import ImageReadError
from restorelab.io.reading import read_frames, read_photo
from restorelab.io.writing import (
    check_photo_extension,
    write_frames,
    write_photo,
    written_extensions,
)

__all__ = [
    'NEEDED_EXTRAS',
    'PHOTO_READ_EXTENSIONS',
    'PHOTO_WRITE_EXTENSIONS',
    'Frames',
    'ImageReadError',
    'check_photo_extension',
    'read_frames',
    'read_photo',
    'result_extension',
    'write_frames',
    'write_photo',
]

# For each extension that this installation cannot read: how to install what reads it.
NEEDED_EXTRAS = needed_extras()
_READABLE = {*READ_EXTENSIONS, '.avif', *HEIF_EXTENSIONS, *RAW_EXTENSIONS}
PHOTO_READ_EXTENSIONS = tuple(sorted(_READABLE - set(NEEDED_EXTRAS)))
PHOTO_WRITE_EXTENSIONS = written_extensions()
# Formats with room for pixels only: the results are PNG files unless another name is asked for.
_PLAIN = ('.ppm',)


def result_extension(path: str | Path) -> str:
    """The extension of the result of a file, as its name writes it where it stays the same.

    It is that of the input, ``.tif`` for a raw file of a camera, and ``.png`` for what is only
    read and for PPM, which has room for pixels only.
    """
    suffix = Path(path).suffix
    if suffix.lower() in RAW_EXTENSIONS:
        return '.tif'
    if suffix.lower() in PHOTO_WRITE_EXTENSIONS and suffix.lower() not in _PLAIN:
        return suffix
    return '.png'
