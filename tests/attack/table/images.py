"""Damaged pictures in every format, and all kinds and depths of samples."""

import functools
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from restorelab.datasets import PairedDataset
from restorelab.io.images import (
    image_size,
    read_image,
    read_label_map,
)
from tests.attack.cases import Case, command
from tests.attack.table import tiny
from tests.io.image_cases import DEPTHS, ImageCase

SUFFIXES = ('.png', '.jpg', '.bmp', '.gif', '.tif', '.webp', '.ppm')


@functools.cache
def encoded(suffix: str) -> bytes:
    """The photo in a format."""
    file = io.BytesIO()
    kind = {'.jpg': 'JPEG', '.tif': 'TIFF', '.ppm': 'PPM'}.get(suffix, suffix[1:].upper())
    options = dict(lossless=True) if kind == 'WEBP' else {}
    Image.fromarray(tiny.PHOTO).save(file, kind, **options)
    return file.getvalue()


def _largest_number(data: bytes) -> bytes:
    """The first bytes kept, what follows all ones."""
    return data[:12] + b'\xff' * (len(data) - 12)


# name: how the bytes are changed, and whether a picture is still due
DAMAGES: dict[str, tuple[Callable[[bytes], bytes], bool]] = {
    'sound': (lambda data: data, True),
    'empty': (lambda data: b'', False),
    'one byte': (lambda data: data[:1], False),
    'first bytes only': (lambda data: data[:8], False),
    'header only': (lambda data: data[:20], False),
    'half': (lambda data: data[: len(data) // 2], False),
    'zeros': (lambda data: bytes(len(data)), False),
    'words': (lambda data: b'words and no picture', False),
    'a page': (lambda data: b'<!doctype html><title>404 not found</title>', False),
    'pickle': (lambda data: b'\x80\x04K\x01.', False),
    'ones behind the header': (_largest_number, False),
    'reversed': (lambda data: data[::-1], False),
    'text in front': (lambda data: b'\n\n' + data, False),
    'rubbish behind': (lambda data: data + b'rubbish', True),
}


def write(suffix: str, data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / f'a{suffix}').write_bytes(data)
        return folder / f'a{suffix}'

    return make


def is_photo(image: np.ndarray) -> bool:
    """Whether it is the photo, but for the losses of JPEG and GIF."""
    return image.shape == tiny.PHOTO.shape and np.abs(image.astype(int) - tiny.PHOTO).mean() < 25


def _damaged() -> list[Case]:
    cases = []
    for suffix in SUFFIXES:
        for name, (change, is_due) in DAMAGES.items():
            words = () if is_due else (rf'a\{suffix}: ',)
            make = write(suffix, change(encoded(suffix)))
            cases.append(
                Case('images', f'{suffix}, {name}', make, read_image, words, check=is_photo)
            )
    return cases


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes = b'', depth: int = 8, color: int = 2) -> bytes:
    """A PNG file of that header, with ``data`` as its samples."""
    header = struct.pack('>IIBBBBB', width, height, depth, color, 0, 0, 0)
    pixels = chunk(b'IDAT', zlib.compress(data))
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + pixels + chunk(b'IEND', b'')


# name: bytes of a.png
PNGS = {
    'no width': png(0, 4),
    'no height': png(4, 0),
    'no samples': png(4, 4),
    'too few samples': png(4, 4, bytes(13)),
    'bomb': png(60000, 60000),
    'negative size': png(2**31 + 4, 4),
    'depth 3': png(4, 4, bytes(52), depth=3),
    'color type 5': png(4, 4, bytes(52), color=5),
    'palette without colors': png(4, 4, bytes(20), color=3),
    'unknown filter': png(4, 4, bytes([9, *range(12)]) * 4),
    'no end of a chunk': png(4, 4, bytes(52))[:40],
    'sum that is wrong': png(4, 4, bytes(52)).replace(b'IDAT', b'IDAT\xff', 1),
    'text bomb': png(4, 4, bytes(52))[:33]
    + chunk(b'zTXt', b'a\0\0' + zlib.compress(bytes(2**27)))
    + png(4, 4, bytes(52))[33:],
}
# name: bytes of a.ppm
PPMS = {
    'no numbers': b'P6\n',
    'letters for numbers': b'P6 four 4 255\n',
    'no size': b'P6 0 0 255\n',
    'negative': b'P6 -4 4 255\n' + bytes(48),
    'enormous': b'P6 99999999 99999999 255\n',
    'long number': b'P6 ' + b'9' * 5000 + b' 4 255\n',
    'no white': b'P6 4 4 0\n' + bytes(48),
    'white too large': b'P6 4 4 70000\n' + bytes(96),
    'endless comment': b'P6 #' + b'a' * 10**6,
}


def _crafted() -> list[Case]:
    cases = []
    for suffix, table in (('.png', PNGS), ('.ppm', PPMS)):
        for name, data in table.items():
            words = (rf'a\{suffix}: ',)
            cases.append(
                Case('images', f'{suffix}, {name}', write(suffix, data), read_image, words)
            )
    for true in SUFFIXES:
        false = '.png' if true != '.png' else '.jpg'
        make = write(false, encoded(true))
        cases.append(
            Case('images', f'{true} that is called {false}', make, read_image, check=is_photo)
        )
    return cases


def by_model(path: Path) -> np.ndarray:
    return np.asarray(tiny.model()(path))


def by_command(path: Path) -> str:
    """``restorelab restore`` into ``out``."""
    with tiny.allowed():
        model = tiny.published(path.parent)
        return command('restore', path, path.parent / 'out', '--model', model)


def by_folder(path: Path) -> int:
    """A whole folder, in which one sound picture must still be restored."""
    from restorelab.apis.jobs import find

    folder = path.parent / 'in'
    folder.mkdir()
    path.rename(folder / path.name)
    tiny.photo(folder, 'sound.png')
    plan = find(str(folder), 'out')
    assert len(plan.jobs) + len(plan.unreadable) == 2
    with tiny.allowed():
        model = tiny.published(path.parent)
        try:
            return command('restore', folder, path.parent / 'out', '--model', model)
        finally:
            if not (path.parent / 'out/sound.png').is_file():
                raise RuntimeError('the sound picture was not restored')


def by_data_set(path: Path) -> object:
    return PairedDataset([], path.parent, 'rain', lq='.')[0]


ENTRIES = {
    'the size': image_size,
    'a label map': read_label_map,
    'the model': by_model,
    'restore': by_command,
    'restore of a folder': by_folder,
    'a data set': by_data_set,
}


def _by_entry() -> list[Case]:
    """The damages that every reader has to see, by every way in."""
    cases = []
    for entry, run in ENTRIES.items():
        for name in ('empty', 'first bytes only', 'zeros', 'words', 'a page', 'half'):
            if entry == 'the size' and name == 'half':
                continue  # no pixel is decoded
            for suffix in ('.png', '.jpg'):
                make = write(suffix, DAMAGES[name][0](encoded(suffix)))
                title = f'{suffix}, {name}, by {entry}'
                cases.append(Case('images', title, make, run, (rf'a\{suffix}: ',)))
    return cases


def of_image_case(case: ImageCase, entry: str, run: Callable, group: str) -> Case:
    """A case of ``tests.io.image_cases`` by one way in."""
    words = ()
    if case.words is not None:
        words = (case.words,)
        if 'File name too long' not in case.words:
            words = (r'a\x00?\.(png|tif|ppm): ', case.words)
    check = None
    if entry == 'read_image':
        check = lambda image: image.max() == case.top  # noqa: E731
    return Case(group, f'{case.name} by {entry}', case.make, run, words, check, case.variables)


# Photographs may have these depths, arrays for training not.
OF_PHOTOGRAPHS = ('float16', 'float64')


def _depths() -> list[Case]:
    cases = []
    for entry, run in dict(
        read_image=read_image, model=by_model, restore=by_command, data=by_data_set
    ).items():
        for case in DEPTHS:
            if case.name in OF_PHOTOGRAPHS and entry in ('model', 'restore'):
                case = case._replace(words=None)
            cases.append(of_image_case(case, entry, run, 'kinds and depths'))
    return cases


CASES = [*_damaged(), *_crafted(), *_by_entry(), *_depths()]
