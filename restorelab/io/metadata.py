"""What an image file says beside its picture: EXIF, XMP, IPTC, resolution, comments and texts."""

import hashlib
import re
import struct
from dataclasses import dataclass, field
from fractions import Fraction

from restorelab.io.tiff_tags import (
    EXIF,
    GPS,
    INTEROP,
    LONG,
    SHORT,
    Directory,
    Entry,
    dump_directory,
    dump_tree,
    layout_of,
    number,
    read_directory,
    read_inner,
)

EXIF_PREFIX = b'Exif\0\0'
ORIENTATION, PIXEL_WIDTH, PIXEL_HEIGHT = 0x0112, 0xA002, 0xA003
WIDTH, HEIGHT = 0x0100, 0x0101
THUMBNAIL, THUMBNAIL_LENGTH = 513, 514
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 282, 283, 296
INCH, CENTIMETER = 2, 3
RESOURCE = b'8BIM'
IPTC, DIGEST, THUMBNAILS = 0x0404, 0x0425, (0x0409, 0x040C)  # numbers of Photoshop's resources
PREVIEW = 'embedded preview'
XMP_ORIENTATION = re.compile(rb'(tiff:Orientation\s*(?:=\s*["\']|>\s*))([1-8])(?=\s*["\'<])')
XMP_FILM = re.compile(rb'(GCamera:(?:MotionPhoto|MicroVideo)\s*=\s*["\'])1(?=["\'])')
HEADER = b'II*\0\x08\0\0\0'  # of an EXIF block whose first directory follows


@dataclass(frozen=True)
class Metadata:
    """All fields are empty, or None, where the file has no such thing.

    Attributes:
        exif: an EXIF block, which begins with its TIFF header. It is the file's own, but for the
            orientation (1), the size and the embedded preview (none), so that the notes of the
            camera's maker stay where their own references want them.
        xmp: an XMP packet.
        iptc: Photoshop's image resources, one of which holds the IPTC fields.
        dpi: pixels per inch, across and down.
        comment: of a JPEG or GIF.
        text: texts by their keyword, of a PNG.
        segments: JPEG segments that are kept as they are, with their markers.
        chunks: PNG chunks that are kept as they are, as (kind, content).
        hdr: primaries and transfer characteristics (H.273) of samples that are coded for HDR
            screens. They are not converted: the network sees them as if they were sRGB.
    """

    exif: bytes = b''
    xmp: bytes = b''
    iptc: bytes = b''
    dpi: tuple[float, float] | None = None
    comment: bytes = b''
    text: dict[str, str] = field(default_factory=dict)
    segments: tuple[bytes, ...] = ()
    chunks: tuple[tuple[bytes, bytes], ...] = ()
    hdr: tuple[int, int] | None = None

    @property
    def has_gps(self) -> bool:
        if not self.exif:
            return False
        layout = layout_of(self.exif)
        return GPS in read_directory(self.exif, layout.first, layout)[0]


def tidy_exif(block: bytes, width: int, height: int) -> tuple[bytes, tuple[str, ...]]:
    """An EXIF block for the upright picture of that size, and what it had and lost.

    Numbers are changed where they are; nothing moves.
    """
    block = block.removeprefix(EXIF_PREFIX)
    try:
        layout = layout_of(block)
        tags, following, end = read_directory(block, layout.first, layout)
        if layout.big:
            raise ValueError('BigTIFF is no EXIF')
    except (ValueError, struct.error):
        return b'', ('damaged EXIF',) if block else ()
    data = bytearray(block)
    inner = read_inner(block, tags, layout).get(EXIF, {})
    for entry, value in (
        (tags.get(ORIENTATION), 1),
        (tags.get(WIDTH), width),
        (tags.get(HEIGHT), height),
        (inner.get(PIXEL_WIDTH), width),
        (inner.get(PIXEL_HEIGHT), height),
    ):
        _set_number(data, layout.order, entry, value)
    if not following:
        return bytes(data), ()
    struct.pack_into(layout.order + 'I', data, end, 0)
    return bytes(_without_thumbnail(data, following, layout)), (PREVIEW,)


def orientation_of(block: bytes, xmp: bytes) -> int:
    """By the EXIF block, else by the XMP packet; 1 where neither says it."""
    try:
        entry = tags_of_exif(block.removeprefix(EXIF_PREFIX))[0].get(ORIENTATION)
    except (ValueError, struct.error):
        entry = None
    if entry is not None and entry.numbers():
        return entry.numbers()[0]
    stated = XMP_ORIENTATION.search(xmp)
    return int(stated[2]) if stated else 1


def is_adobe_rgb(block: bytes) -> bool:
    """Whether an EXIF block says it, as cameras do that write no color profile (DCF, ``R03``)."""
    interop = tags_of_exif(block)[1].get(INTEROP, {})
    return 1 in interop and interop[1].data.startswith(b'R03')


def _set_number(data: bytearray, order: str, entry: Entry | None, value: int) -> None:
    if entry is not None and entry.kind in (SHORT, LONG) and entry.count == 1:
        struct.pack_into(
            order + ('H' if entry.kind == SHORT else 'I'), data, entry.place + 8, value
        )


def _without_thumbnail(data: bytearray, place: int, layout) -> bytearray:
    """Blank the bytes of the preview, or cut them off where they are the last ones."""
    try:
        tags, _, _ = read_directory(bytes(data), place, layout)
    except ValueError:
        return data  # nothing refers to it any more
    starts = tags[THUMBNAIL].numbers() if THUMBNAIL in tags else ()
    lengths = tags[THUMBNAIL_LENGTH].numbers() if THUMBNAIL_LENGTH in tags else ()
    if len(starts) == len(lengths) == 1 and place < starts[0]:
        end = min(starts[0] + lengths[0], len(data))
        data[starts[0] : end] = bytes(max(0, end - starts[0]))
        if end >= len(data) - 3:
            del data[starts[0] :]
    return data


def exif_of_tags(tags: Directory, inner: dict[int, Directory]) -> bytes:
    """An EXIF block of the tags of a TIFF file; empty without any."""
    if not tags and not inner:
        return b''
    data, outer = dump_tree(tags, inner, len(HEADER))
    return b'II*\0' + struct.pack('<I', outer) + data


def with_tags(block: bytes, new: Directory) -> bytes:
    """An EXIF block with further tags. What it had stays where it is."""
    if not block:
        return exif_of_tags(new, {})
    layout = layout_of(block)
    tags, _, _ = read_directory(block, layout.first, layout)
    block += b'\0' * (len(block) % 2)
    start = struct.pack(layout.order + 'I', len(block))
    return (
        block[:4]
        + start
        + block[8:]
        + dump_directory({**tags, **new}, len(block), order=layout.order)
    )


def tags_of_exif(block: bytes) -> tuple[Directory, dict[int, Directory]]:
    """The outer and the inner directories of an EXIF block."""
    if not block:
        return {}, {}
    layout = layout_of(block)
    tags, _, _ = read_directory(block, layout.first, layout)
    inner = read_inner(block, tags, layout)
    for tag in (EXIF, GPS, INTEROP):
        tags.pop(tag, None)
    return tags, inner


def rational(value: float) -> Entry:
    """An entry of the type RATIONAL."""
    fraction = Fraction(value).limit_denominator(10000)
    return Entry(5, 1, struct.pack('<II', fraction.numerator, fraction.denominator))


def resolution_tags(dpi: tuple[float, float]) -> Directory:
    return {
        X_RESOLUTION: rational(dpi[0]),
        Y_RESOLUTION: rational(dpi[1]),
        RESOLUTION_UNIT: number(INCH, SHORT),
    }


def resolution_of(tags: Directory) -> tuple[float, float] | None:
    """Pixels per inch of the tags of TIFF or EXIF, or None where they do not say it."""
    units = tags[RESOLUTION_UNIT].numbers() if RESOLUTION_UNIT in tags else (INCH,)
    if units not in ((INCH,), (CENTIMETER,)):
        return None
    sides = []
    for tag in (X_RESOLUTION, Y_RESOLUTION):
        entry = tags.get(tag)
        if entry is None or entry.kind != 5 or entry.count != 1:
            return None
        above, below = struct.unpack('<II', entry.data)
        if not above or not below:
            return None
        sides.append(above / below * (2.54 if units == (CENTIMETER,) else 1))
    return sides[0], sides[1]


def tidy_xmp(packet: bytes) -> bytes:
    """With the orientation 1, and without the claim that a film follows the picture."""
    return XMP_FILM.sub(rb'\g<1>0', XMP_ORIENTATION.sub(rb'\g<1>1', packet))


def resources_of(data: bytes) -> list[tuple[int, bytes, bytes]]:
    """(number, name, content) of Photoshop's image resources. Raises: ValueError."""
    found, place = [], 0
    while data[place : place + 4] == RESOURCE:
        (kind,) = struct.unpack('>H', data[place + 4 : place + 6])
        name_end = place + 6 + (data[place + 6] + 2) // 2 * 2
        if name_end + 4 > len(data):
            raise ValueError('a resource of Photoshop ends outside of its block')
        (length,) = struct.unpack('>I', data[name_end : name_end + 4])
        start = name_end + 4
        found.append((kind, data[place + 6 : name_end], data[start : start + length]))
        place = start + (length + 1) // 2 * 2
    if data[place:].strip(b'\0'):
        raise ValueError('no resource of Photoshop')
    return found


def dump_resources(resources: list[tuple[int, bytes, bytes]]) -> bytes:
    data = b''
    for kind, name, content in resources:
        data += RESOURCE + struct.pack('>H', kind) + name + struct.pack('>I', len(content))
        data += content + b'\0' * (len(content) % 2)
    return data


def tidy_resources(data: bytes, iptc: bytes = b'') -> tuple[bytes, tuple[str, ...]]:
    """Photoshop's resources without previews, and what they had and lost.

    Args:
        iptc: fields of IPTC that stand elsewhere in the file, for resources without any.
    """
    try:
        resources = resources_of(data)
    except (ValueError, IndexError, struct.error):
        return tidy_resources(b'', iptc)[0], ('damaged IPTC',)
    kept = [resource for resource in resources if resource[0] not in THUMBNAILS]
    if iptc and not any(kind == IPTC for kind, _, _ in kept):
        kept += [(IPTC, b'\0\0', iptc), (DIGEST, b'\0\0', hashlib.md5(iptc).digest())]
    return dump_resources(kept), (PREVIEW,) if len(kept) < len(resources) else ()


def iptc_fields(resources: bytes) -> bytes:
    """The fields of IPTC in Photoshop's resources; empty without any."""
    for kind, _, content in resources_of(resources):
        if kind == IPTC:
            return content
    return b''
