"""Chunks of PNG files.

Pillow takes in silence a PNG file of too few samples, which comes out black below.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

# Of interlaced files: where the pixels of each pass begin, and their distances.
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
PASSES = (*PASSES, (0, 1, 1, 2))
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by the color type
SIGNATURE = 8  # bytes
CHUNK = 2**20


def check_samples(path: Path) -> None:
    """Raise ValueError for a PNG file of fewer samples than its size needs.

    The file was read by Pillow before, so its chunks are whole.
    """
    header, compressed = b'', []
    for kind, content in chunks_of(path):
        if kind == b'IHDR':
            header = content
        elif kind == b'IDAT':
            compressed.append(content)
    wanted, found = _needed(header), _unpacked(b''.join(compressed))
    if found < wanted:
        raise ValueError(f'the file has {found} bytes of samples, its size needs {wanted}')


def chunks_of(file: Path | bytes) -> Iterator[tuple[bytes, bytes]]:
    """(kind, content) of each chunk of a PNG file, up to its end."""
    data = file if isinstance(file, bytes) else file.read_bytes()
    place, kind = SIGNATURE, b''
    while place + 8 <= len(data) and kind != b'IEND':
        length, kind = int.from_bytes(data[place : place + 4], 'big'), data[place + 4 : place + 8]
        yield kind, data[place + 8 : place + 8 + length]
        place += length + 12


def chunk(kind: bytes, content: bytes) -> bytes:
    """As a PNG file holds it, with its length and checksum."""
    check = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack('>I', len(content)) + kind + content + struct.pack('>I', check)


def _needed(header: bytes) -> int:
    """Bytes of all rows, with the byte of the filter that each begins with."""
    width, height = int.from_bytes(header[:4], 'big'), int.from_bytes(header[4:8], 'big')
    bits = header[8] * CHANNELS[header[9]]
    total = 0
    for left, top, right_step, down_step in PASSES if header[12] else ((0, 0, 1, 1),):
        columns = -(-(width - left) // right_step)
        rows = -(-(height - top) // down_step)
        if columns > 0 and rows > 0:
            total += rows * (1 + -(-columns * bits // 8))
    return total


def _unpacked(compressed: bytes) -> int:
    """The number of bytes after decompression, in chunks that need little memory."""
    reader, count = zlib.decompressobj(), 0
    while compressed and not reader.eof:
        count += len(reader.decompress(compressed, CHUNK))
        compressed = reader.unconsumed_tail
    return count
