"""Odd names of files and folders: restored under their names, or refused by name."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from restorelab.datasets import PairedDataset
from restorelab.io.images import read_image, write_image
from tests.attack.cases import Case, command
from tests.attack.table import tiny

# Names that a file may have; each is restored, read and written.
ODD = (
    *('with space.png', ' leading.png', 'trailing .png', 'tab\tin.png', 'line\nbreak.png'),
    *('ümläut.png', 'e\u0301.png', '写真.png', '🙂.png', '\u202egnp.png', '.hidden.png'),
    *('-dash.png', '--model.png', 'a[1].png', 'a*.png', 'a?.png', '{a}.png', 'a;b.png'),
    *("quote'.png", 'quote".png', '$HOME.png', '`id`.png', '$(id).png', '%s%n.png', '{0}.png'),
    *('back\\slash.png', 'two.dots.png', 'a.jpg.png', 'A.PNG', 'a.Png', 'a#b.png', 'a&b.png'),
    *('http:.png', 'con.png', '~.png', 'a' * 200 + '.png', '0.png', 'nan.png'),
)
WRITTEN = ('.bmp', '.png', '.tif', '.tiff', '.webp')
NOT_WRITTEN = ('', '.gif', '.ppm', '.txt', '.py', '.exr', '.png ', '.pngg', '.')


def _odd(name: str) -> Callable[[Path], Path]:
    return lambda folder: tiny.photo(folder / 'in', name)


def _restore(path: Path) -> np.ndarray:
    with tiny.allowed():
        model = tiny.published(path.parent.parent)
        out = path.parent.parent / 'out'
        command('restore', '--model', model, '--', path, out)
    return read_image(out / path.name)


def _restore_folder(path: Path) -> np.ndarray:
    with tiny.allowed():
        model = tiny.published(path.parent.parent)
        out = path.parent.parent / 'out'
        command('restore', path.parent, out, '--model', model)
    return read_image(out / path.name)


def _is_restored(image: np.ndarray) -> bool:
    return np.array_equal(image, tiny.restored())


def _in_data(path: Path) -> np.ndarray:
    return PairedDataset([], path.parent, 'rain', lq='.')[0]['lq']


def _is_photo(lq: np.ndarray) -> bool:
    return lq.shape == tiny.PHOTO.shape


def _odd_cases() -> list[Case]:
    cases = []
    for name in ODD:
        make = _odd(name)
        shown = ascii(name)[:30]
        cases.append(Case('names', f'{shown} by restore', make, _restore, check=_is_restored))
        cases.append(
            Case(
                *('names', f'{shown} by restore of its folder', make, _restore_folder),
                check=_is_restored,
            )
        )
        words = (r'/in: no image in it',) if name.startswith('.') else ()  # hidden: left out
        cases.append(Case('names', f'{shown} in a data set', make, _in_data, words, _is_photo))
    return cases


def _write(path: Path) -> np.ndarray:
    write_image(path, tiny.PHOTO)
    return read_image(path)


def _extension_cases() -> list[Case]:
    cases = []
    for suffix in WRITTEN:
        cases.append(
            Case(
                *('names', f'written as {suffix}', lambda f, s=suffix: f / f'a{s}', _write),
                check=lambda image: np.array_equal(image, tiny.PHOTO),
            )
        )
    for suffix in NOT_WRITTEN:
        words = (rf'a{suffix}'.replace('.', r'\.'), 'choose one of')
        cases.append(
            Case('names', f"written as '{suffix}'", lambda f, s=suffix: f / f'a{s}', _write, words)
        )
    return cases


def _to(output: str, *options: str, prepare: Callable[[Path], object] | None = None) -> Callable:
    """``restore`` of a photo to ``output`` below the folder, after ``prepare``."""

    def run(folder: Path) -> str:
        source = tiny.photo(folder)
        if prepare is not None:
            prepare(folder)
        with tiny.allowed():
            model = tiny.published(folder)
            return command('restore', source, folder / output, '--model', model, *options)

    return run


def _from(source: str, output: str = 'out', *options: str) -> Callable:
    """``restore`` of ``source`` below the folder, with two pictures called one.* in ``in``."""

    def run(folder: Path) -> str:
        tiny.photo(folder, 'in/one.png')
        tiny.photo(folder, 'in/two.jpg')
        with tiny.allowed():
            model = tiny.published(folder)
            return command('restore', folder / source, folder / output, '--model', model, *options)

    return run


def _twice(folder: Path) -> str:
    """Two inputs of one result."""
    for name in ('in/one.ppm', 'in/one.pgm'):
        tiny.photo(folder, name)
    with tiny.allowed():
        return command('restore', folder / 'in', folder / 'out', '--model', tiny.published(folder))


def _no_rights(folder: Path) -> None:
    (folder / 'out').mkdir()
    if os.getuid() == 0:  # nobody forbids root anything
        (folder / 'out').rmdir()
        (folder / 'out').write_text('a file')


OUTPUTS = {
    'output is the input': (_to('photo.png'), (r'photo\.png is an input',)),
    'output is the input, --overwrite': (
        _to('photo.png', '--overwrite'),
        (r'photo\.png is an input',),
    ),
    'output is a link to the input': (
        _to('b.png', '--overwrite', prepare=lambda f: (f / 'b.png').symlink_to('photo.png')),
        (r'b\.png is an input',),
    ),
    'output exists': (_to('b.png', prepare=lambda f: tiny.photo(f, 'b.png')), (r'b\.png', 'exis')),
    'output is a folder of that name': (
        _to('out', prepare=lambda f: (f / 'out/photo.png').mkdir(parents=True)),
        (r'photo\.png: is no file',),
    ),
    'output below a file': (_to('photo.png/out'), (r'photo\.png', 'cannot write there')),
    'output where nothing may be written': (
        _to('out/b.png', prepare=_no_rights),
        ('out', 'cannot write there'),
    ),
    'output of another kind': (_to('b.psd'), (r'b\.psd', 'choose one of')),
    'output that is a text': (_to('b.txt'), (r'b\.txt', 'choose one of')),
    'output with a name too long': (_to('b' * 300 + '.png'), ('bbbbb', 'too long')),
    'output with a zero byte': (_to('b\0.png'), (r'b\\x00\.png', 'zero byte')),
    '--overwrite and --skip-existing': (
        _to('b.png', '--overwrite', '--skip-existing'),
        ('not allowed with',),
    ),
    'output is a FIFO': (
        _to('b.png', prepare=lambda f: os.mkfifo(f / 'b.png')),
        (r'b\.png: is no file',),
    ),
    'output is a device': (
        _to('b.png', '--overwrite', prepare=lambda f: (f / 'b.png').symlink_to('/dev/full')),
        (r'b\.png: is no file',),
    ),
    'no such source': (_from('gone.png'), (r'gone\.png: no image found',)),
    'empty name': (_from('in/*.tif'), (r'in/\*\.tif: no image found',)),
    'folder without images': (
        lambda f: [(f / 'no').mkdir(), _from('no')(f)],
        ('no: no image found',),
    ),
    'open bracket': (_from('in/[.png'), (r'in/\[\.png: no image found',)),
    'a glob of everything': (
        _from('**/*'),
        ('2 restored, 1 failed', r'tiny\.safetensors: not a readable'),
    ),
    'many stars': (_from('*' * 60), ('1 file: 1 failed', r'tiny\.safetensors: not a readable')),
    'above the folder': (_from('in/../in'), ()),
    'several stars in a row': (_from('in/' + '*?' * 20), (r'no image found',)),
    'two results of one name': (_twice, (r'one\.png',)),
}


def _output_cases() -> list[Case]:
    return [
        Case('names', name, lambda folder: folder, run, words)
        for name, (run, words) in OUTPUTS.items()
    ]


CASES = [*_odd_cases(), *_extension_cases(), *_output_cases()]
