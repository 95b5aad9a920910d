"""Directories of TIFF: what EXIF blocks and TIFF files keep their tags in.

Values are held as little-endian bytes, whatever they mean, so that unknown tags survive too.
"""

import struct
from typing import NamedTuple

import numpy as np

UNITS = {3: 2, 4: 4, 5: 4, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
SIZES = {1: 1, 2: 1, 6: 1, 7: 1, **UNITS, 5: 8, 10: 8}  # bytes of a value, by its type
SHORT, LONG = 3, 4
EXIF, GPS, INTEROP = 0x8769, 0x8825, 0xA005  # tags that point at further directories
ALIGNED = {9: '<u4', 4: '<u4', 13: '<u4', 3: '<u2', 8: '<u2', 1: 'u1'}


class Entry(NamedTuple):
    """A value of a tag.

    Attributes:
        kind: the number of its type.
        count: of values.
        data: them, little-endian.
        place: where the file has the entry; 0 for a new one.
    """

    kind: int
    count: int
    data: bytes
    place: int = 0

    def numbers(self) -> tuple[int, ...]:
        """Of whole numbers; empty for other types."""
        if self.kind not in ALIGNED:
            return ()
        return tuple(np.frombuffer(self.data, ALIGNED[self.kind]).tolist())


Directory = dict[int, Entry]


class Layout(NamedTuple):
    """How a file writes numbers.

    Attributes:
        order: ``<`` or ``>``.
        big: whether places have 64 bits (BigTIFF).
        first: where the first directory is.
    """

    order: str
    big: bool
    first: int


def layout_of(data) -> Layout:
    """Of the bytes of a TIFF file or EXIF block. Raises: ValueError when it is none."""
    order = {b'II': '<', b'MM': '>'}.get(bytes(data[:2]))
    if order is None or len(data) < 8:
        raise ValueError('no TIFF header')
    (version,) = struct.unpack(order + 'H', data[2:4])
    if version == 43:
        return Layout(order, True, struct.unpack(order + 'Q', data[8:16])[0])
    if version != 42:
        raise ValueError(f'version {version} of TIFF')
    return Layout(order, False, struct.unpack(order + 'I', data[4:8])[0])


def read_directory(data, place: int, layout: Layout) -> tuple[Directory, int, int]:
    """(tags, the place of the next directory or 0, where that number is written).

    Entries of an unknown type, or whose value lies outside of ``data``, are left out.

    Raises: ValueError when the directory itself lies outside.
    """
    order, big, _ = layout
    head, size, word = (8, 20, 'Q') if big else (2, 12, 'I')
    if place <= 0 or place + head > len(data):
        raise ValueError(f'a directory of tags at {place} of {len(data)} bytes')
    (count,) = struct.unpack(order + ('Q' if big else 'H'), data[place : place + head])
    end = place + head + count * size
    width = struct.calcsize(order + word)
    if end + width > len(data):
        raise ValueError(f'a directory of {count} tags ends outside of the file')
    tags = {}
    for start in range(place + head, end, size):
        tag, kind, number = struct.unpack(order + 'HH' + word, data[start : start + 4 + width])
        length = SIZES.get(kind, 0) * number
        inside = start + 4 + width
        if length > width:
            (inside,) = struct.unpack(order + word, data[inside : inside + width])
        value = bytes(data[inside : inside + length])
        if kind in SIZES and len(value) == length:
            tags[tag] = Entry(kind, number, _swapped(value, kind, order), start)
    (following,) = struct.unpack(order + word, data[end : end + width])
    return tags, following, end


def _swapped(value: bytes, kind: int, order: str) -> bytes:
    """Between little-endian and ``order``, in either direction."""
    unit = UNITS.get(kind, 1)
    if order == '<' or unit == 1:
        return value
    return np.frombuffer(value, f'>u{unit}').astype(f'<u{unit}').tobytes()


def dump_directory(tags: Directory, place: int, following: int = 0, order: str = '<') -> bytes:
    """A directory to stand at ``place``, an even number, with its values behind it."""
    outside = place + 2 + 12 * len(tags) + 4
    records, values = [struct.pack(order + 'H', len(tags))], b''
    for tag, entry in sorted(tags.items()):
        value = _swapped(entry.data, entry.kind, order)
        records.append(struct.pack(order + 'HHI', tag, entry.kind, entry.count))
        if len(value) <= 4:
            records.append(value.ljust(4, b'\0'))
        else:
            records.append(struct.pack(order + 'I', outside + len(values)))
            values += value + b'\0' * (len(value) % 2)
    return b''.join([*records, struct.pack(order + 'I', following), values])


def dump_tree(tags: Directory, inner: dict[int, Directory], place: int, following: int = 0):
    """A directory and those that its tags point at: ``inner`` by the tag, then the directory.

    Returns: the bytes to stand at ``place``, and the place of the outer directory.
    """
    tags, data = dict(tags), b''
    inner = {tag: dict(directory) for tag, directory in inner.items()}
    interop = inner.pop(INTEROP, None)
    if interop is not None and EXIF in inner:
        data += dump_directory(interop, place)
        inner[EXIF][INTEROP] = number(place)
    for tag, directory in inner.items():
        start = place + len(data)
        data += dump_directory(directory, start)
        tags[tag] = number(start)
    outer = place + len(data)
    return data + dump_directory(tags, outer, following), outer


def number(value: int, kind: int = LONG) -> Entry:
    return Entry(kind, 1, value.to_bytes(SIZES[kind], 'little'))


def read_inner(data, tags: Directory, layout: Layout) -> dict[int, Directory]:
    """The directories of EXIF, GPS and interoperability. Those that are damaged are left out."""
    inner = {}
    for tag in (EXIF, GPS, INTEROP):
        holder = inner.get(EXIF, {}) if tag == INTEROP else tags
        places = holder[tag].numbers() if tag in holder else ()
        if len(places) == 1:
            try:
                inner[tag] = read_directory(data, places[0], layout)[0]
            except ValueError:
                holder.pop(tag)
    return inner
