"""What a JPEG file has beside its pixels: segments, tables, and what follows its end."""

import struct
from pathlib import Path

from PIL import Image, JpegImagePlugin

from restorelab.io.metadata import EXIF_PREFIX, Metadata, tidy_resources
from restorelab.io.photo import JpegCoding

PHOTOSHOP = b'Photoshop 3.0\0'
XMP_PREFIX = b'http://ns.adobe.com/xap/1.0/\0'
CREDENTIALS = b'JP'  # how the boxes of JUMBF begin, in APP11
PICTURES_INDEX = b'MPF\0'
# Segments that Pillow writes anew from what it read of them.
RENEWED = (b'JFIF\0', EXIF_PREFIX, XMP_PREFIX, b'ICC_PROFILE\0', PHOTOSHOP, b'Adobe', b'JFXX\0')
START_OF_SCAN, END = 0xDA, 0xD9
ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a segment
HALF_ACROSS = 1  # 4:2:2
MAX_SEGMENT = 65533
QUALITY = 90
# Means of libjpeg's tables of quality 90: luminance, chrominance. A table counts as fine when its
# mean is not larger.
FINE_MEANS = (11.5, 17.34375)


def coding_of(image: Image.Image, is_turned: bool) -> JpegCoding:
    """Of a JPEG that Pillow opened.

    Args:
        is_turned: whether the upright picture has the other axis across.
    """
    sampling = JpegImagePlugin.get_sampling(image)
    if sampling == HALF_ACROSS and is_turned:
        sampling = 0  # the axis that had all of the chroma is the halved one now
    return JpegCoding(
        tables={key: tuple(table) for key, table in image.quantization.items()},
        subsampling=max(0, sampling),  # unknown ones are written in full resolution
        progressive=bool(image.info.get('progressive')),
    )


def segments_of(image: Image.Image) -> tuple[Metadata, tuple[str, ...]]:
    """``iptc``, ``comment`` and ``segments`` of a JPEG that Pillow opened, and what is lost."""
    resources, comments, segments, lost = b'', [], [], []
    for name, content in image.applist:
        if name == 'COM':
            comments.append(content)
        elif content.startswith(PHOTOSHOP):
            resources += content.removeprefix(PHOTOSHOP)
        elif content.startswith(PICTURES_INDEX):
            continue  # the pictures are named where they stand, behind this one
        elif name == 'APP11' and content.startswith(CREDENTIALS):
            lost.append('content credentials')  # a signature of the old pixels
        elif content.startswith(b'JFXX\0'):
            lost.append('embedded preview')
        elif not content.startswith(RENEWED):
            segments.append(segment(0xE0 + int(name.removeprefix('APP')), content))
    segments += [segment(0xFE, comment) for comment in comments[1:]]
    iptc, lost_there = tidy_resources(resources)
    kept = Metadata(iptc=iptc, comment=comments[0] if comments else b'', segments=tuple(segments))
    return kept, (*lost_there, *dict.fromkeys(lost))


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack('>BBH', 0xFF, marker, len(content) + 2) + content


def photoshop_segments(resources: bytes) -> bytes:
    """Image resources in as many segments as they need."""
    room, data = MAX_SEGMENT - len(PHOTOSHOP), b''
    for start in range(0, len(resources), room):
        data += segment(0xED, PHOTOSHOP + resources[start : start + room])
    return data


def behind_the_picture(path: Path) -> bytes:
    """The bytes after the end of the first picture: previews, gain maps, films, ..."""
    data = path.read_bytes()
    place = 2
    while place + 4 <= len(data):
        if data[place] != 0xFF:  # compressed data: on to the next marker
            place = data.find(b'\xff', place)
            if place < 0:
                return b''
            continue
        marker = data[place + 1]
        if marker == END:
            return data[place + 2 :]
        if marker == 0xFF:
            place += 1
        elif marker == 0 or marker in ALONE:
            place += 2
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], 'big')
    return b''


def fine_tables(tables: dict[int, tuple[int, ...]]) -> bool:
    """Whether quantization tables are as fine as those of quality 90, by their means."""
    for key, table in tables.items():
        if sum(table) / len(table) > FINE_MEANS[min(key, 1)]:
            return False
    return bool(tables)
