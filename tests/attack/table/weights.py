"""Weight files: damaged, of another model, with more than weights, and by every way in."""

import functools
import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from restorelab.apis import load
from restorelab.utils.checkpoint import read_checkpoint
from tests.apis.tiny import CONFIG, tiny_restorer
from tests.attack import checkpoints
from tests.attack import weights as published_cases
from tests.attack.cases import MARKER, Case, command
from tests.attack.table import tiny
from tests.attack.test_weights import TENSORS

ONE_PIXEL = ('--sizes', '8x8', '--repeats', '1')


def _given(entry: str, path: Path) -> object:
    """Give a published file to an entry point."""
    if entry == 'load':
        return load(path, device='cpu')
    if entry == 'benchmark':
        return command('benchmark', path, *ONE_PIXEL)
    return command('restore', tiny.photo(path.parent), path.parent / 'out.png', '--model', path)


def _published() -> list[Case]:
    """The cases of ``tests.attack.weights``: every payload at every place."""
    cases = []
    for case in published_cases.CASES:

        def make(folder: Path, case=case) -> Path:
            marker = folder / MARKER
            marker.with_suffix('.py').write_text(f"open({str(marker)!r}, 'w')")
            return case.make(folder, marker)

        words = ('evil.safetensors', *(_escaped(word) for word in case.words))
        run = functools.partial(_given, case.entry)
        cases.append(Case('weights, published', case.name, make, run, words))
    return cases


def _escaped(word: str) -> str:
    return ''.join(f'\\{letter}' if letter in '.*+?()[]{}|^$\\' else letter for letter in word)


def _pickles() -> list[Case]:
    cases = []
    for payload in checkpoints.PAYLOADS:
        for place in checkpoints.PLACES:

            def make(folder: Path, payload=payload, place=place) -> Path:
                return checkpoints.make_pickle(folder / 'evil.pth', folder / MARKER, payload, place)

            words = (r'evil\.pth: holds more than weights',)
            cases.append(
                Case('weights, pickles', f'{payload} at {place}', make, read_checkpoint, words)
            )
    for entry, run in {**checkpoints.ENTRIES, **checkpoints.SLOW_ENTRIES}.items():

        def make_system(folder: Path) -> Path:
            return checkpoints.make_pickle(folder / 'evil.pth', folder / MARKER, 'os.system')

        def give(path: Path, run=run) -> object:
            return run(str(path), path.parent)

        slow = entry in checkpoints.SLOW_ENTRIES
        words = (r'evil\.pth: holds more than weights',)
        cases.append(
            Case('weights, pickles', f'os.system by {entry}', make_system, give, words, slow=slow)
        )
    return cases


def _addresses() -> list[Case]:
    cases = []
    for address in checkpoints.ADDRESSES:
        for entry, run in checkpoints.ENTRIES.items():

            def give(folder: Path, run=run, address=address) -> object:
                return run(address, folder)

            words = (_escaped(address.split('/')[-1]),)
            title = f'{address} by {entry}'
            cases.append(Case('weights, addresses', title, lambda f: f, give, words))
    return cases


def _tensors() -> list[Case]:
    """One wrong tensor in a file that is sound otherwise."""
    cases = []
    for name, (value, reason) in TENSORS.items():
        for entry in ('load', 'restore', 'benchmark'):

            def make(folder: Path, value=value) -> Path:
                state = tiny_restorer().state_dict()
                key = next(key for key, known in state.items() if known.shape == (3,))
                state[key] = value if value.numel() != 8 else value[:3].clone()
                path = folder / 'wrong.safetensors'
                texts = dict(config=json.dumps(CONFIG), info='{}')
                save_file(state, path, texts)
                return path

            def give(path: Path, entry=entry) -> object:
                with tiny.allowed():
                    return _given(entry, path)

            words = (r'wrong\.safetensors', r'backbone\.\w+\.bias', _escaped(reason))
            cases.append(Case('weights, values', f'{name} by {entry}', make, give, words))
    return cases


@functools.cache
def _bytes(kind: str) -> bytes:
    """A sound file of the tiny restorer: ``safetensors`` or ``pth``."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        make = tiny.published if kind == 'safetensors' else tiny.checkpoint
        return make(Path(folder)).read_bytes()


def _with_header(header: object, data: bytes = b'', size: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack('<Q', len(text) if size is None else size) + text + data


ONE = dict(dtype='F32', shape=[1], data_offsets=[0, 4])
# name: bytes of x.safetensors
HEADERS = {
    'no tensors': _with_header({}),
    'a list': _with_header([]),
    'longer than the file': _with_header({}, size=10**6),
    'longer than any file': _with_header({}, size=2**63),
    'not text': _with_header(b'\xff\xfe\x00'),
    'no JSON': _with_header(b'{"a": '),
    'deep': _with_header(b'[' * 10**6),
    'unknown type': _with_header(dict(a=dict(ONE, dtype='F99')), bytes(4)),
    'negative shape': _with_header(dict(a=dict(ONE, shape=[-1])), bytes(4)),
    'huge shape': _with_header(dict(a=dict(ONE, shape=[2**62, 2**62])), bytes(4)),
    'shape of words': _with_header(dict(a=dict(ONE, shape='1')), bytes(4)),
    'offset past the end': _with_header(dict(a=dict(ONE, data_offsets=[0, 400])), bytes(4)),
    'offset turned round': _with_header(dict(a=dict(ONE, data_offsets=[4, 0])), bytes(4)),
    'gap': _with_header(dict(a=dict(ONE, data_offsets=[4, 8])), bytes(8)),
    'two in one place': _with_header(dict(a=ONE, b=ONE), bytes(4)),
    'one key twice': _with_header(
        b'{"a":' + json.dumps(ONE).encode() + b',"a":' + json.dumps(ONE).encode() + b'}', bytes(4)
    ),
    'too much data': _with_header(dict(a=ONE), bytes(400)),
    'no config': _with_header(dict(a=ONE), bytes(4)),
    'config a dict': _with_header(dict(a=ONE, __metadata__=dict(config={}, info='{}')), bytes(4)),
    'metadata a list': _with_header(dict(a=ONE, __metadata__=[]), bytes(4)),
    'no info': _with_header(dict(a=ONE, __metadata__=dict(config='{}')), bytes(4)),
}
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    'empty': lambda data: b'',
    'one byte': lambda data: data[:1],
    'eight bytes': lambda data: data[:8],
    'half': lambda data: data[: len(data) // 2],
    'without its last byte': lambda data: data[:-1],
    'zeros': lambda data: bytes(len(data)),
    'ones': lambda data: b'\xff' * len(data),
    'words': lambda data: b'words',
    'a page': lambda data: b'<!doctype html><title>404</title>',
    'a pointer of git LFS': lambda data: (
        b'version https://git-lfs.github.com/spec/v1\noid sha256:0'
    ),
    'a zip': lambda data: b'PK\x05\x06' + bytes(18),
    'reversed': lambda data: data[::-1],
    'text in front': lambda data: b'\n' + data,
}


def _file(name: str, data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def _trained(path: Path) -> object:
    """A training checkpoint with the config of its model."""
    config = path.parent / 'config.py'
    config.write_text(f'model = {CONFIG!r}')
    return load(config, path, device='cpu')(tiny.PHOTO)


def _damaged() -> list[Case]:
    cases = []
    for name, change in DAMAGES.items():
        for entry in ('load', 'restore', 'benchmark'):
            make = _file('x.safetensors', change(_bytes('safetensors')))
            run = functools.partial(_given, entry)
            cases.append(
                Case(
                    'weights, damaged',
                    f'safetensors, {name}, by {entry}',
                    make,
                    run,
                    (r'x\.safetensors: ',),
                )
            )
        make = _file('x.pth', change(_bytes('pth')))
        cases.append(Case('weights, damaged', f'pth, {name}', make, _trained, (r'x\.pth: ',)))
        words = (r'x\.pth: ',)
        make = _file('x.pth', change(_bytes('safetensors')))
        cases.append(
            Case('weights, damaged', f'safetensors called pth, {name}', make, _trained, words)
        )
    for name, data in HEADERS.items():
        make = _file('x.safetensors', data)
        run = functools.partial(_given, 'load')
        cases.append(Case('weights, damaged', f'header, {name}', make, run, (r'x\.safetensors: ',)))
    return cases


# name: what is in x.pth
CONTENTS = {
    'a list': [torch.zeros(1)],
    'a tensor': torch.zeros(1),
    'nothing': {},
    'no weights': dict(state_dict={}),
    'words for weights': dict(state_dict=dict(a='words')),
    'a list for weights': dict(state_dict=[torch.zeros(1)]),
    'numbers for keys': dict(state_dict={1: torch.zeros(1)}),
    'another model': dict(state_dict={'conv.weight': torch.zeros(1)}),
    'meta a list': dict(state_dict={'a': torch.zeros(1)}, meta=[]),
    'nested weights': dict(state_dict=dict(model={'a': torch.zeros(1)})),
    'None': None,
    'a number': 7,
    'sparse': dict(state_dict={'backbone.conv.weight': torch.zeros(3, 3, 3, 3).to_sparse()}),
}


def _contents() -> list[Case]:
    cases = []
    for name, value in CONTENTS.items():

        def make(folder: Path, value=value) -> Path:
            torch.save(value, folder / 'x.pth')
            return folder / 'x.pth'

        words = (r'x\.pth: ',)
        cases.append(Case('weights, damaged', f'pth with {name}', make, _trained, words))
    return cases


def _is_restored(image: np.ndarray) -> bool:
    return np.array_equal(image, tiny.restored())


def _load_and_run(path: Path) -> np.ndarray:
    with tiny.allowed():
        return load(path, device='cpu')(tiny.PHOTO)


CASES = [
    Case('weights, damaged', 'sound', tiny.published, _load_and_run, check=_is_restored),
    Case('weights, damaged', 'sound checkpoint', tiny.checkpoint, _trained, check=_is_restored),
    *_damaged(),
    *_contents(),
    *_tensors(),
    *_pickles(),
    *_addresses(),
    *_published(),
]
