"""Arguments of the commands and of the Python API."""

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from restorelab.apis import load, publish, restore_files, train
from restorelab.apis.benchmark import benchmark
from restorelab.apis.comparing import compare
from restorelab.apis.testing import test as score
from tests.apis.tiny import CONFIG, tiny_restorer
from tests.attack.cases import Case, command
from tests.attack.table import tiny
from tests.engine.toys import toy_config

NAN, INFINITE = float('nan'), float('inf')
# A command line, and words of the answer; {photo}, {model} and so on are sound files.
COMMANDS = {
    'restore': ('required: IN, OUT|required', 'IN'),
    'restore {photo}': ('required', 'OUT'),
    'restore {photo} o.png extra': ('extra',),
    'restore {photo} o.png --modle x': ('--modle', '--model'),
    'restore {photo} o.png --tile': ('--tile', 'expected one argument'),
    'restore {photo} o.png --tile big': ('--tile', 'big'),
    'restore {photo} o.png --model {model} --tile -1': ('tile', '-1'),
    'restore {photo} o.png --tile 1.5': ('--tile', '1.5'),
    'restore {photo} o.png --steps x': ('--steps', 'x'),
    'restore {photo} o.png --model {model} --steps 0': ('steps', '0'),
    'restore {photo} o.png --model {model} --steps -3': ('steps', '-3'),
    'restore {photo} o.png --model diffuir-tiny --steps 1000000': ('steps', '1000000'),
    'restore {photo} o.png --seed x': ('--seed', 'x'),
    'restore {photo} o.png --model {model} --seed -1': ('seed', '-1'),
    'restore {photo} o.png --device gpu': ("device 'gpu'", 'cpu'),
    'restore {photo} o.png --device cuda:99': ("device 'cuda:99'", 'cpu'),
    'restore {photo} o.png --device cpu:7x': ("device 'cpu:7x'", 'cpu'),
    'restore {photo} o.png --device meta': ("device 'meta'", 'cpu'),
    'restore {photo} o.png --model {model} --task det': ("task 'det'", 'no tasks'),
    'restore {photo} o.png --model diffuir-tniy': ('diffuir-tniy', 'diffuir-tiny'),
    'restore {photo} o.png --model x.safetensors': (r'x\.safetensors', 'no such weights'),
    'restore {photo} o.png --model x.pth': (r'x\.pth',),
    'restore {photo} o.png --model {weights}': (r'tiny\.pth', 'config'),
    'restore {photo} o.png --model {photo}': (r'photo\.png',),
    'restore {photo} o.png --model .': (r'\.: ',),
    'restore {photo} o.png --model {config}': ('config.py', 'checkpoint'),
    'restore {photo} o.png --model {config} --checkpoint x.pth': (r'x\.pth',),
    'restore {photo} o.png --model {config} --checkpoint {photo}': (r'photo\.png',),
    'restore {photo} o.png --model {model} --checkpoint {weights}': ('brings its own weights',),
    'restore {photo} o.png --checkpoint {weights}': (r'tiny\.pth', 'config'),
    'restore {config} o.png --model {model}': (r'config\.py',),
    'restore {photo} o.png --strength x': ('--strength', 'x'),
    'restore {photo} o.png --model {model} --strength 2': ('strength=2', 'from 0 to 1'),
    'restore {photo} o.png --model {model} --strength -1': ('strength=-1', 'from 0 to 1'),
    'restore {photo} o.png --model {model} --strength nan': ('strength=nan', 'from 0 to 1'),
    'restore {photo} o.png --model {model} --only noise': ('noise', 'degradations apart'),
    'restore {photo} o.png --model {model} --except haze': ('haze', 'degradations apart'),
    'restore {photo} o.png --only ,': ('--only', "','", 'KIND,KIND'),
    'restore {photo} o.png --model {house} --only noize': ('noize', 'noise'),
    'restore {photo} o.png --model {house} --except fog': ('fog', 'haze'),
    'restore {photo} o.png --model {house} --only noise --except haze': ('only', 'choose one'),
    'restore {photo} o.png --overwrite=yes': ('--overwrite', 'yes'),
    'inspect': ('required', 'IN'),
    'inspect {photo} extra': ('extra',),
    'inspect gone.png --model {house}': (r'gone\.png', 'no image'),
    'inspect {config} --model {house}': (r'config\.py', 'not a readable image'),
    'inspect {photo} --model {model}': (r'tiny\.safetensors', 'degradations apart'),
    'inspect {photo} --model gone.safetensors': (r'gone\.safetensors',),
    'inspect {photo} --model {house} --device gpu': ("device 'gpu'", 'cpu'),
    'benchmark': ('required', 'MODEL'),
    'benchmark {model} --sizes 0x0': ('0x0', 'WIDTHxHEIGHT'),
    'benchmark {model} --sizes 16': ("'16'", 'WIDTHxHEIGHT'),
    'benchmark {model} --sizes -1x4': ('-1x4|--sizes',),
    'benchmark {model} --sizes 1e3x4': ('1e3x4', 'WIDTHxHEIGHT'),
    'benchmark {model} --sizes 4x4x4': ('4x4x4', 'WIDTHxHEIGHT'),
    'benchmark {model} --sizes 8x8 --repeats 0': ('repeats', '0'),
    'benchmark {model} --sizes 8x8 --repeats -1': ('repeats', '-1'),
    'benchmark {model} --sizes 8x8 --batch 0': ('batch', '0'),
    'benchmark {model} --sizes 8x8 --batch -1': ('batch', '-1'),
    'benchmark {model} --sizes 8x8 --threads -1': ('threads', '-1'),
    'benchmark {model} --sizes 8x8 --steps 0': ('steps', '0'),
    'benchmark {model} --sizes 8x8 --device gpu': ("device 'gpu'",),
    'benchmark gone.safetensors': (r'gone\.safetensors',),
    'benchmark gone.py': (r'gone\.py',),
    'benchmark {config} --vary model.backbone.wdth=1,2 --sizes 8x8': ('wdth', 'width'),
    'benchmark {model} --vary model.backbone.width=4 --sizes 8x8': (
        *(r'tiny\.safetensors', 'reshaped'),
    ),
    'benchmark {config} --vary model.backbone.width --sizes 8x8': ('vary|width',),
    'benchmark {config} --vary =1 --sizes 8x8': ('vary',),
    'config': ('required', 'config'),
    'config gone.py': (r'gone\.py',),
    'config {config} --out x.txt': (r'x\.txt', r'\.py'),
    'config {config} --out {config}': (r'config\.py', 'exists'),
    'config {config} --cfg-options a': ('KEY=VALUE', "'a'"),
    'config {config} --cfg-options =3': ('KEY=VALUE',),
    'config {config} --cfg-options a=[1': ("'a=\\[1'", 'do not close'),
    'config {config} --cfg-options a={x}': ('a', 'no dict of plain values'),
    'config {config} --cfg-options a.b=1': ('a',),
    'config {config} --cfg-options model.backbone.wdth=1': ('wdth', 'width'),
    'config {config} --cfg-options': ('--cfg-options', 'expected at least one'),
    'list gone': ("'gone'", 'nearest'),
    'list backbnoe': ('backbnoe', 'nearest.*backbone'),
    'list a b': ('b',),
    'check-data': ('required', 'root'),
    'check-data gone': ('gone',),
    'check-data . gone': ('gone',),
    'check-data {photo}': (r'photo\.png',),
    'train': ('required', 'config'),
    'train gone.py': (r'gone\.py',),
    'train {config} --seed x': ('--seed', 'x'),
    'train {config} --amp int8': ('--amp', 'int8'),
    'train {config} --launcher mpi': ('--launcher', 'mpi'),
    'train {config}': (r'config\.py', 'train_dataloader|optim_wrapper|train_cfg'),
    'train {config} --resume gone.pth': ('gone|train_dataloader|optim_wrapper|train_cfg',),
    'test': ('required', 'config'),
    'test gone.py x.pth': (r'gone\.py',),
    'test {config} {weights}': (r'config\.py', 'test_dataloader'),
    'publish': ('required', 'config'),
    'publish {config} gone.pth o.safetensors': (r'gone\.pth',),
    'publish {config} {weights} o.pth': (r'o\.pth', r'\.safetensors'),
    'publish {config} {weights} {model}': (r'tiny\.safetensors', 'exists'),
    'publish {config} {weights} no/o.safetensors': ('no',),
    'publish {config} {photo} o.safetensors': (r'photo\.png',),
    'publish {config} {weights} o.safetensors --only gone': ('gone', 'it has'),
    'publish {config} {weights} o.safetensors --cfg-options model.x=1': ('x',),
    'compare': ('required', 'CONFIG'),
    'compare gone.py': (r'gone\.py',),
    'compare {config} {config}': (r'config\.py',),
    'compare {config} --images 0': ('images', '0'),
    'compare {config} --images -5': ('images', '-5'),
    'compare {config} --images x': ('--images', 'x'),
    'compare {config}': (r'config\.py', 'train_dataloader'),
    'compare {config} --work-dir {photo} --images 4': ('photo|train_dataloader',),
    'fly': ("'fly'", 'choose from'),
    '': ('required', 'VERB'),
    '--nothing': ('--nothing|VERB',),
}


def _words_of(line: str, folder: Path) -> list[str]:
    config = folder / 'config.py'
    config.write_text(f'model = {CONFIG!r}')
    given = dict(
        photo=tiny.photo(folder),
        model=tiny.published(folder),
        house=tiny.published_house(folder),
        config=config,
        weights=tiny.checkpoint(folder),
    )
    words = []
    for word in line.split():
        for name, path in given.items():
            word = word.replace(f'{{{name}}}', str(path))
        words.append(word)
    return words


def _command_cases() -> list[Case]:
    cases = []
    for line, words in COMMANDS.items():

        def run(arguments: list[str]) -> str:
            with tiny.allowed():
                return command(*arguments)

        make = functools.partial(_words_of, line)
        cases.append(Case('arguments, commands', f'restorelab {line}', make, run, words))
    return cases


def _square(value: float = 0.5, dtype: type = np.float32, shape: tuple = (8, 8, 3)) -> np.ndarray:
    return np.full(shape, value, dtype)


# name: what is called as a picture, and words of the answer; none where it is restored
PICTURES = {
    'None': (None, ('NoneType',)),
    'a number': (7, ('int',)),
    'bytes': (b'a.png', ('bytes',)),
    'a list': ([[0]], ('list',)),
    'a missing path': ('gone.png', (r'gone\.png: no such file',)),
    'an empty path': ('', (r'\.: is a folder',)),
    'a gray array': (_square(shape=(8, 8)), ()),
    'a row': (_square(shape=(8,)), (r'\(8,\)', r'\(H, W, 3\)')),
    'four channels': (_square(shape=(8, 8, 4)), (r'\(8, 8, 4\)',)),
    'channels in front': (_square(shape=(3, 8, 8)), (r'\(3, 8, 8\)',)),
    'no rows': (_square(shape=(0, 8, 3)), (r'\(0, 8, 3\)', 'one pixel')),
    'a batch of arrays': (_square(shape=(1, 8, 8, 3)), (r'\(1, 8, 8, 3\)',)),
    'int16': (_square(5, np.int16), ('int16',)),
    'uint16': (_square(5, np.uint16), ()),
    'int64': (_square(5, np.int64), ('int64',)),
    'bool': (_square(1, bool), ('bool',)),
    'complex': (_square(0.5, np.complex64), ('complex64',)),
    'objects': (_square(0, object), ('object',)),
    'texts': (np.full((8, 8, 3), 'a'), ('U1',)),
    'above 1': (_square(1.01), ('1.01', r'\[0, 1\]')),
    'below 0': (_square(-0.01), ('-0.01', r'\[0, 1\]')),
    '0 to 255': (_square(255.0), ('255', 'divide')),
    'NaN': (_square(NAN), ('nan',)),
    'infinite': (_square(INFINITE), ('inf',)),
    'float16': (_square(0.5, np.float16), ()),
    'float64': (_square(0.5, np.float64), ()),
    'uint8': (_square(9, np.uint8), ()),
    'one pixel': (_square(shape=(1, 1, 3)), ()),
    'one row': (_square(shape=(1, 30, 3)), ()),
    'read from behind': (_square()[::-1, ::-1], ()),
    'read only': (np.broadcast_to(np.float32(0.5), (8, 8, 3)), ()),
    'big-endian': (_square(0.5, '>f4'), ()),
    'masked': (np.ma.masked_array(_square(9, np.uint8)), ()),
    'gray tensor': (torch.full((8, 8), 0.5), (r'\(8, 8\)',)),
    'one channel': (torch.full((1, 8, 8), 0.5), (r'\(1, 8, 8\)',)),
    'channels behind': (torch.full((8, 8, 3), 0.5), (r'\(8, 8, 3\)',)),
    'five dimensions': (torch.full((1, 1, 3, 8, 8), 0.5), (r'\(1, 1, 3, 8, 8\)',)),
    'empty tensor': (torch.zeros(3, 0, 8), (r'\(3, 0, 8\)',)),
    'empty batch': (torch.zeros(0, 3, 8, 8), (r'\(0, 3, 8, 8\)',)),
    'uint8 tensor': (torch.zeros(3, 8, 8, dtype=torch.uint8), ('uint8', '255')),
    'int tensor': (torch.zeros(3, 8, 8, dtype=torch.int64), ('int64',)),
    'complex tensor': (torch.zeros(3, 8, 8, dtype=torch.complex64), ('complex64',)),
    'NaN tensor': (torch.full((3, 8, 8), NAN), ('nan',)),
    'tensor above 1': (torch.full((3, 8, 8), 2.0), ('2', r'\[0, 1\]')),
    'sparse tensor': (torch.full((3, 8, 8), 0.5).to_sparse(), ('sparse',)),
    'meta tensor': (torch.zeros(3, 8, 8, device='meta'), ('meta',)),
    'half tensor': (torch.full((3, 8, 8), 0.5).half(), ()),
    'bfloat16 tensor': (torch.full((3, 8, 8), 0.5).bfloat16(), ()),
    'tensor with gradient': (torch.full((3, 8, 8), 0.5, requires_grad=True), ()),
    'tensor that is turned': (torch.full((8, 8, 3), 0.5).permute(2, 0, 1), ()),
    'batch': (torch.full((2, 3, 8, 8), 0.5), ()),
    'PIL 1': (Image.new('1', (8, 8)), ()),
    'PIL L': (Image.new('L', (8, 8)), ()),
    'PIL P': (Image.new('P', (8, 8)), ()),
    'PIL RGBA': (Image.new('RGBA', (8, 8)), ()),
    'PIL CMYK': (Image.new('CMYK', (8, 8)), ()),
    'PIL LAB': (Image.new('LAB', (8, 8)), ()),
    'PIL without pixels': (Image.new('RGB', (0, 8)), ('no pixels',)),
    'PIL F above 1': (Image.fromarray(_square(7, np.float32, (8, 8))), ('7', '0 to 1')),
}


def _is_like(image: object) -> Callable[[object], bool]:
    """Whether a result is finite, and of the kind and size of ``image``."""

    def check(result: object) -> bool:
        if isinstance(image, Image.Image):
            return isinstance(result, Image.Image) and result.size == image.size
        if isinstance(image, torch.Tensor):
            same = result.shape == image.shape and result.dtype == image.dtype
            return same and bool(result.isfinite().all())
        same = result.shape == image.shape and result.dtype == image.dtype
        return same and bool(np.isfinite(result.astype(np.float64)).all())

    return check


def _picture_cases() -> list[Case]:
    cases = []
    for name, (image, words) in PICTURES.items():

        def run(_folder: Path, image=image) -> object:
            return tiny.model()(image)

        check = None if words else _is_like(image)
        cases.append(Case('arguments, Python', f'picture: {name}', lambda f: f, run, words, check))
    return cases


# options of a call of the model, and words of the answer
CALLS = (
    (dict(tile=-1), ('tile', '-1')),
    (dict(tile='big'), ('tile', 'big')),
    (dict(tile=8.5), ('tile', '8.5')),
    (dict(tile=NAN), ('tile', 'nan')),
    (dict(tile=True), ('tile', 'True')),
    (dict(tile=16, overlap=-1), ('overlap', '-1')),
    (dict(tile=16, overlap=16), ('overlap', '16')),
    (dict(tile=16, overlap='x'), ('overlap', 'x')),
    (dict(tile=16, overlap=2.5), ('overlap', '2.5')),
    (dict(steps=0), ('steps', '0')),
    (dict(steps=-1), ('steps', '-1')),
    (dict(steps=1.5), ('steps', '1.5')),
    (dict(steps='x'), ('steps', 'x')),
    (dict(steps=True), ('steps', 'True')),
    (dict(seed='x'), ('seed', 'x')),
    (dict(seed=None), ('seed', 'None')),
    (dict(seed=1.5), ('seed', '1.5')),
    (dict(seed=-1), ('seed', '-1')),
    (dict(task='det'), ("task 'det'", 'no tasks')),
    (dict(task=7), ("task '7'",)),
    (dict(tile=0), ()),
    (dict(tile=16, overlap=0), ()),
    (dict(tile=10**9), ()),
    (dict(tile=1), ()),
    (dict(seed=2**70), ()),
    (dict(steps=1), ()),
    (dict(seed=2**40), ()),
)


def _call_cases() -> list[Case]:
    cases = []
    for options, words in CALLS:

        def run(_folder: Path, options=options) -> np.ndarray:
            return tiny.model()(np.tile(tiny.PHOTO, (2, 2, 1)), **options)

        name = ', '.join(f'{key}={value!r}' for key, value in options.items())
        check = None if words else lambda image: image.shape == (32, 40, 3)
        cases.append(Case('arguments, Python', f'model: {name}', lambda f: f, run, words, check))
    return cases


def _toy(**changes) -> object:
    return toy_config(Path.cwd() / 'work', max_iters=1, **changes)


# name: a call, and words of the answer
FUNCTIONS: dict[str, tuple[Callable[[], object], tuple[str, ...]]] = {
    'load(7)': (lambda: load(7), ('7|int',)),
    "load('')": (lambda: load(''), ("''|no such weights",)),
    "load('gone')": (lambda: load('gone'), ('gone', 'diffuir-tiny')),
    "load('diffuir-tiny', device='x')": (lambda: load('diffuir-tiny', device='x'), ("'x'",)),
    "load('diffuir-tiny', device=7.5)": (lambda: load('diffuir-tiny', device=7.5), ('7.5',)),
    'load([])': (lambda: load([]), (r'\[\]|list',)),
    "load(checkpoint='gone.pth')": (lambda: load(checkpoint='gone.pth'), (r'gone\.pth',)),
    "load('gone.py', 'gone.pth')": (lambda: load('gone.py', 'gone.pth'), (r'gone\.py',)),
    "restore_files('', 'o')": (lambda: restore_files('', 'o'), ('no image found',)),
    "restore_files('gone', 'o')": (lambda: restore_files('gone', 'o'), ('gone: no image found',)),
    'restore_files(7, 8)': (lambda: restore_files(7, 8), ('7|int',)),
    "train('gone.py')": (lambda: train('gone.py'), (r'gone\.py',)),
    'train(7)': (lambda: train(7), ('7|int',)),
    "train(toy, amp='int8')": (lambda: train(_toy(), amp='int8'), ('amp', 'int8')),
    "train(toy, launcher='mpi')": (lambda: train(_toy(), launcher='mpi'), ('launcher', 'mpi')),
    "train(toy, launcher='slurm')": (
        lambda: train(_toy(), launcher='slurm'),
        ('launcher', 'slurm'),
    ),
    "train(toy, resume='gone.pth')": (lambda: train(_toy(), resume='gone.pth'), (r'gone\.pth',)),
    'train(toy, resume=7)': (lambda: train(_toy(), resume=7), ('resume|7',)),
    "test(toy, 'gone.pth')": (lambda: score(_toy(), 'gone.pth'), (r'gone\.pth',)),
    'test(toy, 7)': (lambda: score(_toy(), 7), ('7|int',)),
    'benchmark([])': (lambda: benchmark([], [(8, 8)]), ('models',)),
    "benchmark(['diffuir-tiny'], [])": (lambda: benchmark(['diffuir-tiny'], []), ('sizes',)),
    "benchmark(['diffuir-tiny'], [(0, 8)])": (
        lambda: benchmark(['diffuir-tiny'], [(0, 8)], repeats=1),
        ('size',),
    ),
    'compare([])': (lambda: compare([], 'work', 8), ('configs',)),
    "compare(['gone.py'], 'work', 0)": (lambda: compare(['gone.py'], 'work', 0), ('images',)),
    "publish('gone.py', 'x.pth', 'o.safetensors')": (
        lambda: publish('gone.py', 'x.pth', 'o.safetensors'),
        (r'gone\.py',),
    ),
}


def _function_cases() -> list[Case]:
    cases = []
    for name, (call, words) in FUNCTIONS.items():

        def run(_folder: Path, call=call) -> object:
            return call()

        slow = name.startswith(('train(toy', 'test(toy'))
        cases.append(Case('arguments, Python', name, lambda f: f, run, words, slow=slow))
    return cases


def _poisoned(_folder: Path) -> object:
    """A model whose result is not finite must give no picture."""
    from restorelab.apis import RestoreModel

    restorer = tiny_restorer()
    restorer.backbone.conv.bias.data.fill_(NAN)
    return RestoreModel(restorer)(tiny.PHOTO)


CASES = [
    *_command_cases(),
    *_picture_cases(),
    *_call_cases(),
    *_function_cases(),
    Case(
        *('arguments, Python', 'a model that gives NaN', lambda f: f, _poisoned),
        ('not finite', 'the picture'),
    ),
]
