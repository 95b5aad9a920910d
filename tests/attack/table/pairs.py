"""Folders and lists that pair pictures, and the layouts that ``check-data`` knows."""

from collections.abc import Callable
from pathlib import Path
from unittest import mock

from restorelab.datasets import PairedDataset, pairing
from restorelab.datasets.pairing import identify, read_list
from tests.attack.cases import Case, command
from tests.datasets.pictures import save, save_all
from tests.datasets.test_pairing import LISTS

PATTERNS = ('(a+)+$', '(a|a)*$', '(a|aa)+$', '(.*)*x(.*)*y', '(a*)*', '(a?){40}a{40}$')
BAD_PATTERNS = {
    '(.*': 'is no regular expression',
    '[a': 'is no regular expression',
    '*a': 'is no regular expression',
    '(?P<n>a)(?P<n': 'is no regular expression',
    '(?<=a*)b': '',
    'rain': 'has no group',
    '': 'has no group',
    r'(\d+)': 'the names are',
    '(a){999999999}': '',
}


def _slow_name(folder: Path) -> Path:
    save_all(folder, [f'{"a" * 60}b.png'])
    return folder


def _identify(pattern: str) -> Callable:
    def run(folder: Path) -> object:
        with mock.patch.object(pairing, 'SECONDS', 0.05):
            return identify(folder, pattern)

    return run


def _pattern_cases() -> list[Case]:
    cases = []
    for pattern in PATTERNS:
        words = (f"'{_escaped(pattern)}'",)
        cases.append(Case('pairs', f'pattern {pattern}', _slow_name, _identify(pattern), words))
    for pattern, word in BAD_PATTERNS.items():
        words = (f"'{_escaped(pattern)}'", word)
        cases.append(Case('pairs', f'pattern {pattern!r}', _slow_name, _identify(pattern), words))
    return cases


def _escaped(word: str) -> str:
    return ''.join(f'\\{letter}' if letter in '.*+?()[]{}|^$\\' else letter for letter in word)


def _list(content: str | bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        save_all(folder, ['root/a.png', 'root/b.png', 'b.png'])
        data = content if isinstance(content, bytes) else content.encode()
        (folder / 'list.txt').write_bytes(data)
        return folder / 'list.txt'

    return make


def _read_list(path: Path) -> list:
    return read_list(path, path.parent / 'root')


# content of a list, and the number of its rows or words of the error
MORE_LISTS = {
    'a.png b.png rain': 1,
    'a.png\nb.png': 2,
    '# nothing\na.png\n\n\n': 1,
    '\ufeffa.png': 1,
    'a.png\r\nb.png\r\n': 2,
    'a.png\tb.png\tlight rain': 1,
    'sub/../a.png': 'leads out',
    '': 'no line in it',
    '\n\n# a\n': 'no line in it',
    'a.png b.png rain more': 'line 1',
    'a.png\t\train': 'line 1',
    '\t': 'no line in it',
    'a.png\t': 'line 1',
    'c.png': r'c\.png',
    'a.png c.png': r'c\.png',
    'root/a.png': r'root/a\.png',
    'a.png\0': 'is no name of a file',
    '~/a.png': r'~/a\.png',
    'A.PNG': r'A\.PNG',
    'a' * 5000: 'aaaa',
    'a.png ' * 5000: 'line 1',
    '//host/a.png': 'absolute',
    'http://host/a.png': r'http:/+host/a\.png',
    'a.png;b.png': r'a\.png;b\.png',
    '\x1b[2Ja.png': r'a\.png',
}


def _list_cases() -> list[Case]:
    cases = []
    for content, message in LISTS:
        words = (r'list\.txt', message)
        cases.append(
            Case('pairs', f'list {str(content)[:40]!r}', _list(content), _read_list, words)
        )
    for content, wanted in MORE_LISTS.items():
        if isinstance(wanted, int):
            case = Case(
                *('pairs', f'list {content[:40]!r}', _list(content), _read_list),
                check=lambda rows, wanted=wanted: len(rows) == wanted,
            )
        else:
            words = (r'list\.txt', wanted)
            case = Case('pairs', f'list {content[:40]!r}', _list(content), _read_list, words)
        cases.append(case)
    for name, data in {
        'UTF-16': 'a.png'.encode('utf-16'),
        'zeros': bytes(20),
        'a picture': b'\x89PNG\r\n\x1a\n' + bytes(range(256)),
    }.items():
        words = (r'list\.txt',)
        cases.append(Case('pairs', f'list of {name}', _list(data), _read_list, words))
    return cases


def _folders(*names: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        save_all(folder, list(names))
        return folder

    return make


def _paired(**options) -> Callable[[Path], object]:
    def run(folder: Path) -> object:
        return PairedDataset([], folder, **dict(dict(degradation='rain', lq='lq'), **options))[0]

    return run


def _packed(folder: Path) -> object:
    pack = [dict(type='PackRestoration')]
    return PairedDataset(pack, folder, degradation='rain', lq='lq', gt='gt')[0]


FOLDERS = {
    'sound': (('lq/a.png', 'gt/a.jpg'), dict(gt='gt'), ()),
    'no lq': (('gt/a.png',), dict(gt='gt'), ('lq',)),
    'no gt': (('lq/a.png',), dict(gt='gt'), ('gt',)),
    'lonely': (('lq/a.png', 'lq/b.png', 'gt/a.png'), dict(gt='gt'), (r'lq/b\.png',)),
    'other names': (('lq/a.png', 'gt/b.png'), dict(gt='gt'), (r'lq/a\.png',)),
    'two clean ones': (('lq/a.png', 'gt/a.png', 'gt/a.jpg'), dict(gt='gt'), ('same identity',)),
    'another case': (('lq/a.png', 'gt/A.png'), dict(gt='gt'), (r'lq/a\.png',)),
    'no degradation': (('lq/a.png',), dict(degradation=None), ('say its degradation',)),
    'a degradation of numbers': (('lq/a.png',), dict(degradation=7), ('degradation',)),
    'folder and list': (('lq/a.png',), dict(list_file='x.txt'), ('list_file', 'give the folder')),
    'neither': (('lq/a.png',), dict(lq=None), ('give the folder',)),
    'an absolute list that is not there': (
        ('lq/a.png',),
        dict(lq=None, list_file='/nonexistent.txt'),
        (r'/nonexistent\.txt',),
    ),
    'rendered that is not there': (('lq/a.png',), dict(rendered='r'), (r'/r\b',)),
    'rendered of another name': (
        ('lq/a.png', 'r/b.png'),
        dict(rendered='r'),
        (r'have no rendering.*/r: .*a',),
    ),
    'pattern for gt without match': (
        ('lq/a.png', 'gt/a.png'),
        dict(gt='gt', gt_name=r'(\d)'),
        (r'gt: no name matches',),
    ),
}


def _folder_cases() -> list[Case]:
    cases = [
        Case('pairs', f'folders, {name}', _folders(*names), _paired(**options), words)
        for name, (names, options, words) in FOLDERS.items()
    ]

    def other_size(folder: Path) -> Path:
        save(folder / 'lq/a.png', (24, 20))
        save(folder / 'gt/a.png', (20, 24))
        return folder

    words = (r'a\.png', r'24', r'20')
    cases.append(Case('pairs', 'folders, other sizes', other_size, _packed, words))
    return cases


def _checked(*words: str) -> Callable[[Path], str]:
    return lambda folder: command('check-data', folder, *words)


CHECKS = {
    'empty folder': ((), (), ('none of the known data sets',)),
    'unknown name': ((), ('rain100x',), ('rain100x', 'nearest|known')),
    'known, not there': ((), ('rain100l_test',), ('no such folder|rain100l_test',)),
    'empty name': ((), ('',), ("''",)),
    'a path for a name': ((), ('../x',), (r'\.\./x',)),
}


def _check_cases() -> list[Case]:
    cases = [
        Case('pairs', f'check-data, {name}', _folders(*names), _checked(*arguments), words)
        for name, (names, arguments, words) in CHECKS.items()
    ]

    def gone(folder: Path) -> Path:
        return folder / 'gone'

    cases.append(Case('pairs', 'check-data, no folder', gone, _checked(), ('gone',)))
    return cases


CASES = [*_pattern_cases(), *_list_cases(), *_folder_cases(), *_check_cases()]
