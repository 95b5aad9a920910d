"""Image files and other things with the name of an image, and what ``read_image`` says of each.

Each case makes one file in a folder. ``words`` is a regular expression of the error, or None where
the file is read; then ``top`` is the largest value of the result.
"""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import tifffile
from PIL import Image

RAMP = np.linspace(0, 1, 48 * 64).reshape(48, 64)


class ImageCase(NamedTuple):
    name: str
    make: Callable[[Path], Path]  # folder -> the file in it
    words: str | None
    top: int = 255
    variables: dict[str, str] = {}


def gray(bits: int, kind: str = 'uint16') -> np.ndarray:
    return np.rint(RAMP * (2**bits - 1)).astype(kind)


def pillow(array: np.ndarray, name: str, **options) -> Callable:
    def make(folder: Path) -> Path:
        Image.fromarray(array).save(folder / name, **options)
        return folder / name

    return make


def opencv(array: np.ndarray, name: str) -> Callable:
    def make(folder: Path) -> Path:
        cv2.imwrite(str(folder / name), array)
        return folder / name

    return make


def tiff(array: np.ndarray, **options) -> Callable:
    def make(folder: Path) -> Path:
        tifffile.imwrite(folder / 'a.tif', array, **options)
        return folder / 'a.tif'

    return make


def packed_12_bits(folder: Path) -> Path:
    """A TIFF of 12 bits a sample: two samples in three bytes."""
    values = gray(12).ravel()
    first, second = values[::2], values[1::2]
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=1)
    data = packed.astype(np.uint8).tobytes()
    tags = [(256, 64), (257, 48), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1), (278, 48)]
    tags.append((279, len(data)))
    directory = len(tags).to_bytes(2, 'little')
    for tag, value in tags:
        directory += tag.to_bytes(2, 'little') + b'\4\0\1\0\0\0' + value.to_bytes(4, 'little')
    start = (8 + len(data)).to_bytes(4, 'little')
    (folder / 'a.tif').write_bytes(b'II*\0' + start + data + directory + bytes(4))
    return folder / 'a.tif'


def portable(array: np.ndarray, kind: str, maximum: int) -> Callable:
    def make(folder: Path) -> Path:
        header = f'{kind} {array.shape[1]} {array.shape[0]} {maximum}\n'.encode()
        (folder / 'a.ppm').write_bytes(header + array.astype('>u2').tobytes())
        return folder / 'a.ppm'

    return make


def fifo(folder: Path) -> Path:
    os.mkfifo(folder / 'a.png')
    return folder / 'a.png'


def unix_socket(folder: Path) -> Path:
    here = Path.cwd()
    os.chdir(folder)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as end:
        end.bind('a.png')
    os.chdir(here)
    return folder / 'a.png'


def link(target: str) -> Callable:
    def make(folder: Path) -> Path:
        (folder / 'a.png').symlink_to(target)
        return folder / 'a.png'

    return make


def folder_of_that_name(folder: Path) -> Path:
    (folder / 'a.png').mkdir()
    return folder / 'a.png'


def color(array: np.ndarray, channels: int = 3) -> np.ndarray:
    return np.dstack([array] * channels)


TWELVE = r'no sample is above 4095, .*RESTORELAB_SAMPLE_BITS=12'
IS_12 = {'RESTORELAB_SAMPLE_BITS': '12'}
IS_16 = {'RESTORELAB_SAMPLE_BITS': '16'}
COLOR_TAG = [(281, 3, 3, (4095, 4095, 4095), True)]

DEPTHS = [
    ImageCase('gray 16 bits', pillow(gray(16), 'a.png'), None),
    ImageCase('gray 14 bits in 16', pillow(gray(14), 'a.png'), None, 64),
    ImageCase('gray 12 bits in 16, PNG', pillow(gray(12), 'a.png'), TWELVE),
    ImageCase('gray 12 bits in 16, TIFF', pillow(gray(12), 'a.tif'), TWELVE),
    ImageCase('gray 10 bits in 16', pillow(gray(10), 'a.png'), 'no sample is above 1023'),
    ImageCase('gray 12 bits, said', pillow(gray(12), 'a.png'), None, 255, IS_12),
    ImageCase('gray 12 bits, dark', pillow(gray(12), 'a.png'), None, 16, IS_16),
    ImageCase('gray 16 bits, said 12', pillow(gray(16), 'a.png'), 'wanted 0 to 4095', 0, IS_12),
    ImageCase(
        'bits that are no number',
        pillow(gray(12), 'a.png'),
        'number of bits from 9 to 16',
        0,
        {'RESTORELAB_SAMPLE_BITS': 'many'},
    ),
    ImageCase('black 16 bits', pillow(gray(16) * 0, 'a.png'), None, 0),
    ImageCase('12 bits in its tag', pillow(gray(12), 'a.tif', tiffinfo={281: 4095}), None),
    ImageCase('another maximum in its tag', pillow(gray(12), 'a.tif', tiffinfo={281: 99}), TWELVE),
    ImageCase('packed 12 bits', packed_12_bits, None),
    ImageCase('PGM of 12 bits', portable(gray(12), 'P5', 4095), None),
    ImageCase('PPM of 12 bits', portable(color(gray(12)), 'P6', 4095), None),
    ImageCase('color 16 bits', opencv(color(gray(16)), 'a.png'), None),
    ImageCase('color 12 bits in 16, PNG', opencv(color(gray(12)), 'a.png'), TWELVE),
    ImageCase('color 12 bits in 16, TIFF', tiff(color(gray(12)), photometric='rgb'), TWELVE),
    ImageCase('color 8 bits in 16', opencv(color(gray(8)), 'a.png'), 'no sample is above 255'),
    ImageCase('color 12 bits, said', opencv(color(gray(12)), 'a.png'), None, 255, IS_12),
    ImageCase('color 12 bits, dark', opencv(color(gray(12)), 'a.png'), None, 15, IS_16),
    ImageCase(
        'color 12 bits in its tag',
        tiff(color(gray(12)), photometric='rgb', extratags=COLOR_TAG),
        None,
    ),
    ImageCase('color 12 bits and opacity', opencv(color(gray(12), 4), 'a.png'), TWELVE),
    ImageCase('black color of 16 bits', opencv(color(gray(16) * 0), 'a.png'), None, 0),
    ImageCase('int32', tiff(gray(16, 'int32')), 'signed integers of 32 bits, whose white is'),
    ImageCase('uint32', tiff(gray(32, 'uint32')), 'unsigned integers of 32 bits'),
    ImageCase('int16', tiff(gray(15, 'int16')), 'signed integers of 16 bits'),
    ImageCase('int8', tiff(gray(7, 'int8')), 'signed integers of 8 bits'),
    ImageCase('uint64', tiff(gray(16, 'uint64')), 'not a readable image'),
    ImageCase('float32', tiff(RAMP.astype(np.float32)), None),
    ImageCase('float32 above 1', tiff(np.float32(RAMP * 255)), 'wanted 0 to 1'),
    ImageCase('float32 with NaN', tiff(np.float32(np.where(RAMP < 0.5, RAMP, np.nan))), 'nan'),
    ImageCase('float16', tiff(RAMP.astype(np.float16)), 'not a readable image'),
    ImageCase('float64', tiff(RAMP), 'not a readable image'),
]

# What is no regular file. Links to files are.
PLACES = [
    ImageCase('FIFO', fifo, r'a\.png: is a FIFO, not a file'),
    ImageCase('socket', unix_socket, r'a\.png: is a socket, not a file'),
    ImageCase('device', link('/dev/zero'), r'a\.png: is a device, not a file'),
    ImageCase('folder', folder_of_that_name, r'a\.png: is a folder, not a file'),
    ImageCase('link to itself', link('a.png'), r'a\.png: is a link that leads back to itself'),
    ImageCase('broken link', link('gone.png'), r'a\.png: is a link to gone\.png, which does not'),
    ImageCase('missing', lambda folder: folder / 'a.png', r'a\.png: no such file'),
    ImageCase('long name', lambda folder: folder / ('a' * 300 + '.png'), 'File name too long'),
    ImageCase('zero byte in its name', lambda folder: folder / 'a\0.png', 'no such file'),
]
