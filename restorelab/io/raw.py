"""Raw files of cameras, developed: never the picture that the camera put into them for viewing."""

import io
import mmap
from pathlib import Path

import numpy as np
from PIL import Image

from restorelab.io.extras import RAW_EXTENSIONS, missing
from restorelab.io.metadata import (
    PREVIEW,
    Metadata,
    exif_of_tags,
    resolution_of,
    tags_of_exif,
    tidy_exif,
    tidy_xmp,
)
from restorelab.io.opening import ImageReadError, check_pixels
from restorelab.io.photo import Photo
from restorelab.io.tiff_tags import (
    EXIF,
    INTEROP,
    SHORT,
    Directory,
    layout_of,
    number,
    read_directory,
    read_inner,
)

# How the files of some cameras begin; others are TIFF files, some of them with their own version.
BEGINNINGS = (b'FUJIFILMCCD-RAW', b'IIRO', b'IIRS', b'MMOR', b'IIU\0', b'FOVb', b'\0MRM')
TIFF_HEADERS = (b'II*\0', b'MM\0*')
DNG_VERSION, PHOTOMETRIC, SUB_DIRECTORIES = 50706, 262, 330
XMP, COLOR_SPACE = 700, 0xA001
SRGB_CURVE = (
    2.4,
    12.92,
)  # exponent and slope at black, as LibRaw takes them; its own are of BT.709
SENSOR = (32803, 34892)  # photometric interpretations: color filter array, linear raw
# What describes the picture; all else says how the raw data are stored.
KEPT = (270, 271, 272, 282, 283, 296, 305, 306, 315, 316, 18246, 18249, 33432)


def is_raw(path: Path, head: bytes) -> bool:
    """Whether the file, which begins with ``head``, holds what the sensor of a camera saw."""
    if path.suffix.lower() in RAW_EXTENSIONS or head.startswith(BEGINNINGS):
        return True
    if head[4:12] == b'ftypcrx ' or (head[8:10] == b'CR' and head[:2] in (b'II', b'MM')):
        return True
    return head[:4] in TIFF_HEADERS and _is_raw_tiff(path)


def _is_raw_tiff(path: Path) -> bool:
    with open(path, 'rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        layout = layout_of(data)
        tags, _, _ = read_directory(data, layout.first, layout)
        directories = [tags]
        for place in tags[SUB_DIRECTORIES].numbers() if SUB_DIRECTORIES in tags else ():
            if 0 < place < len(data) - 20:  # a damaged reference is no reason to refuse a TIFF
                directories.append(read_directory(data, place, layout)[0])
    return DNG_VERSION in tags or any(_interpretation(each) in SENSOR for each in directories)


def _interpretation(tags: Directory) -> int | None:
    values = tags[PHOTOMETRIC].numbers() if PHOTOMETRIC in tags else ()
    return values[0] if values else None


def read_raw(path: Path) -> Photo:
    """16 bits in sRGB, with the white balance and the brightness of the camera.

    LibRaw takes the largest value of the sensor as white where that is less than the file says, but
    more than three quarters of it; highlights would be pink otherwise.

    Raises: ImageReadError without the library; what it raises, for a damaged file.
    """
    fault = missing('rawpy')
    if fault is not None:
        raise ImageReadError(f'{path}: {fault}')
    import rawpy

    with rawpy.imread(str(path)) as raw:
        check_pixels(raw.sizes.width, raw.sizes.height)
        developed = raw.postprocess(
            use_camera_wb=True,
            no_auto_bright=True,
            output_bps=16,
            output_color=rawpy.ColorSpace.sRGB,
            gamma=SRGB_CURVE,
        )
        exif, xmp = _description(path)
        exif = exif or _exif_of_preview(raw)
    height, width = developed.shape[:2]
    exif, _ = tidy_exif(exif, width, height)
    return Photo(
        samples=np.ascontiguousarray(developed),
        white=65535.0,
        format='RAW',
        metadata=Metadata(exif=exif, xmp=xmp, dpi=resolution_of(tags_of_exif(exif)[0])),
        lost=('raw data', PREVIEW) if exif else ('raw data', PREVIEW, 'EXIF'),
    )


def _description(path: Path) -> tuple[bytes, bytes]:
    """An EXIF block and an XMP packet, of raw files that are TIFF files; of others nothing."""
    with open(path, 'rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:4] not in TIFF_HEADERS:
            return b'', b''
        layout = layout_of(data)
        tags, _, _ = read_directory(data, layout.first, layout)
        inner = read_inner(data, tags, layout)
    kept = {tag: entry for tag, entry in tags.items() if tag in KEPT}
    inner.pop(INTEROP, None)  # with the next tag it may say Adobe RGB
    if COLOR_SPACE in inner.get(EXIF, {}):
        inner[EXIF][COLOR_SPACE] = number(1, SHORT)  # sRGB, as the developed picture
    return exif_of_tags(kept, inner), tidy_xmp(tags[XMP].data) if XMP in tags else b''


def _exif_of_preview(raw) -> bytes:
    """The EXIF block of the JPEG that the camera put into a raw file; empty without one."""
    import rawpy

    try:
        preview = raw.extract_thumb()
    except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError):
        return b''
    if preview.format != rawpy.ThumbFormat.JPEG:
        return b''
    with Image.open(io.BytesIO(preview.data), formats=['JPEG']) as image:
        return image.info.get('exif', b'')
