"""Configs: files that are none, YAML with code, misspelt keys, and values of a wrong kind."""

import functools
import json
from collections.abc import Callable
from pathlib import Path

from mmengine.config import Config

from restorelab.apis import load, train
from restorelab.config import load_config
from tests.attack.cases import MARKER, Case, command
from tests.attack.misspellings import ROOT, keys_of, misspelt, reason_of, with_slip
from tests.attack.table import tiny
from tests.engine.toys import toy_config

TEXTS = {
    'no Python': ('model = dict(', 'config x.py|x.py does not load'),
    'words': ('these are words', 'does not load'),
    'zero byte': ('a = 1\0', 'does not load'),
    'an error': ('a = 1 / 0', 'ZeroDivisionError'),
    'a missing base': ("_base_ = 'gone.py'", 'does not load'),
    'itself as base': ("_base_ = 'x.py'", 'does not load'),
    'a missing module': ('import gone_module', 'gone_module'),
    'an import of its own': ("custom_imports = dict(imports=['gone_module'])", 'gone_module'),
    'unknown top key': ('modle = dict()', 'modle'),
    'unknown part': ("model = dict(type='RegressionRestorr')", 'RegressionRestorr.*nearest'),
    'unknown option': (
        "model = dict(type='RegressionRestorer', backbne=dict(type='ToyNet'))",
        'backbne.*backbone',
    ),
    'another scope': ("default_scope = 'mmdet'", 'default_scope'),
    'a number for a model': ('model = 7', 'model'),
    'a number for a type': ('model = dict(type=7)', 'model'),
    'a text for a part': ("model = dict(type='RegressionRestorer', loss='L1Loss')", 'model.loss'),
    'a part without a type': ("model = dict(backbone=dict(type='ToyNet'))", 'model'),
    'a list for a part': ("model = dict(type='RegressionRestorer', backbone=[1])", 'backbone'),
    'a number for a part': ("model = dict(type='RegressionRestorer', backbone=7)", 'backbone'),
    'a part of another table': (
        "model = dict(type='RegressionRestorer', backbone=dict(type='L1Loss'))",
        'L1Loss',
    ),
    'a number for a key': ("model = {'type': 'RegressionRestorer', 7: 8}", '7'),
    'endless exit': ('raise SystemExit', 'x.py'),
    'an exit': ('import sys; sys.exit(3)', 'x.py'),
}


def _text(text: str | bytes, name: str = 'x.py') -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        data = text if isinstance(text, bytes) else text.encode()
        (folder / name).write_bytes(data)
        return folder / name

    return make


def _by_command(path: Path) -> str:
    return command('config', path)


def _text_cases() -> list[Case]:
    cases = []
    for name, (text, word) in TEXTS.items():
        for entry, run in dict(load_config=load_config, config=_by_command).items():
            cases.append(Case('configs', f'{name} by {entry}', _text(text), run, (word,)))
    for name, data in {
        'UTF-16': "a = 'ä'".encode('utf-16'),
        'Latin-1': "a = 'ä'".encode('latin-1'),
        'pickle': b'\x80\x04K\x01.',
    }.items():
        cases.append(Case('configs', name, _text(data), load_config, (r'x\.py',)))
    return cases


VERBS = {
    'train': (),
    'test': ('restorelab:diffuir-tiny',),
    'config': (),
    'benchmark': (),
    'compare': ('--work-dir', 'work'),
}


def _with_verb(verb: str, path: Path) -> str:
    if verb == 'restore':
        photo = tiny.photo(path.parent)
        return command('restore', photo, 'out.png', '--model', path, '--checkpoint', path)
    return command(verb, path, *VERBS[verb])


def _yaml(suffix: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        text = f'!!python/object/apply:os.system ["touch {folder / MARKER}"]'
        (folder / f'evil{suffix}').write_text(text)
        return folder / f'evil{suffix}'

    return make


def _yaml_base(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        text = f'model: !!python/object/apply:os.system ["touch {folder / MARKER}"]'
        (folder / name).write_text(text)
        (folder / 'x.py').write_text(f'_base_ = {name!r}')
        return folder / 'x.py'

    return make


def _other_kinds() -> list[Case]:
    """YAML, JSON and other files in the place of a config, by every verb."""
    cases = []
    for verb in (*VERBS, 'restore'):
        for suffix in ('.yaml', '.yml', '.YML'):
            run = functools.partial(_with_verb, verb)
            words = (rf'evil\{suffix}: a config is a Python file',)
            cases.append(Case('configs', f'{suffix} by {verb}', _yaml(suffix), run, words))
        if verb != 'restore':
            for suffix in ('.json', '.txt', '.PY', ''):
                run = functools.partial(_with_verb, verb)
                cases.append(
                    Case('configs', f"'{suffix}' by {verb}", _text('{}', f'x{suffix}'), run, ('x',))
                )
            gone = functools.partial(_with_verb, verb)
            cases.append(
                Case('configs', f'gone by {verb}', lambda f: f / 'gone.py', gone, (r'gone\.py',))
            )
    for name in ('base.yaml', 'base.yml'):
        words = (r'x\.py does not load',)
        cases.append(Case('configs', f'{name} as base', _yaml_base(name), load_config, words))
    return cases


JSONS = {
    'a base': dict(model={}, _base_='evil.py'),
    'imports': dict(model={}, custom_imports=dict(imports=['os'])),
    'no model': dict(),
    'a list for a model': dict(model=[]),
    'a list': [],
    'a payload': dict(model=dict(type='os.system', command='touch marker')),
}


def _json_cases() -> list[Case]:
    cases = []
    for name, value in JSONS.items():
        words = (r'x\.json',)
        make = _text(json.dumps(value), 'x.json')

        def run(path: Path) -> object:
            return load(path, tiny.published(path.parent), device='cpu')

        cases.append(Case('configs', f'JSON with {name}', make, run, words))
    for name, text in {'no JSON': '{', 'NaN': '{"model": NaN}', 'deep': '[' * 10**5}.items():

        def run_text(path: Path) -> object:
            return load(path, tiny.published(path.parent), device='cpu')

        cases.append(
            Case('configs', f'JSON, {name}', _text(text, 'x.json'), run_text, (r'x\.json',))
        )
    return cases


# --cfg-options of a training of the toys, and a word of the error
OPTIONS = {
    'train_cfg.max_itrs=3': 'max_itrs.*nearest.*max_iters',
    'modle.backbone.wide=True': 'modle',
    'model.backbone.wyde=True': 'wyde.*nearest.*wide',
    'model.backbone.type=ToyNett': 'ToyNett.*nearest',
    'optim_wrapper.optimizer.type=AdamWW': 'AdamWW.*nearest',
    'optim_wrapper.optimizer.lrr=1': 'lrr',
    'train_dataloader.batchsize=3': 'batchsize',
    'train_dataloader.dataset.sise=3': 'sise',
    'param_scheduler.7.T_max=3': "'7' is no index",
    'param_scheduler.x.T_max=3': "'x' is no index",
    'default_hooks.chekpoint.interval=3': 'chekpoint',
    'default_hooks.checkpoint.intervall=3': 'intervall',
    '_x=3': '_x.*variable',
    '.=3': "''|'.'",
    'a..b=3': 'a',
    'custom_hooks=3': 'custom_hooks',
    'model=3': 'model',
    'model.backbone=3': 'model.backbone',
    'train_dataloader=3': 'train_dataloader',
    'optim_wrapper=3': 'optim_wrapper',
}
# Values of a training that is started: refused by name before the first iteration.
VALUES = {
    'train_cfg.max_iters': (-1, 0, 'many', None, 1.5, True),
    'train_dataloader.batch_size': (0, -1, 'many', None, 1.5),
    'train_dataloader.num_workers': (-1, 'many'),
    'optim_wrapper.optimizer.lr': (-1, 'fast', None, float('nan')),
    'default_hooks.checkpoint.interval': ('often',),
    'train_cfg.val_interval': ('often', 0),
    'param_scheduler.0.T_max': (0, 'long'),
    'randomness.seed': ('seed', -1, 2**32),
    'work_dir': (7,),
}


def _toy(options: dict) -> Config:
    cfg = toy_config(Path.cwd() / 'work', max_iters=1)
    return load_config(cfg, options)


def _option_cases() -> list[Case]:
    cases = []
    for pair, word in OPTIONS.items():
        key, _, value = pair.partition('=')

        def run(_folder: Path, key=key, value=value) -> object:
            return train(_toy({key: int(value) if value.isdigit() else value}))

        cases.append(Case('configs', f'option {pair}', lambda f: f, run, (word,), slow=True))
    for key, values in VALUES.items():
        for value in values:

            def run_value(_folder: Path, key=key, value=value) -> object:
                return train(_toy({key: value}))

            words = (key.rpartition('.')[2],)
            cases.append(
                Case('configs', f'{key}={value!r}', lambda f: f, run_value, words, slow=True)
            )
    return cases


SAMPLE = ('configs/tpgdiff/allinone.py', 'configs/diffuir/allinone.py')


def _misspelt_cases() -> list[Case]:
    """One slip in every seventh key of two configs; ``misspellings`` makes them all."""
    cases = []
    for name in SAMPLE:
        cfg = load_config(ROOT / name)
        for key in keys_of([ROOT / name])[ROOT / name][::7]:
            slip = misspelt(key.path[-1])[0]
            changed = None if reason_of(key) else with_slip(cfg, key.path, slip)
            if changed is None:
                continue

            def run(_folder: Path, changed=changed) -> Config:
                return load_config(changed)

            title = f'{slip} for {key} ({name})'
            cases.append(Case('configs', title, lambda f: f, run, (slip,)))
    return cases


SOUND = ROOT / 'configs/diffuir/allinone.py'
CASES = [
    *(
        Case('configs', f'sound by {name}', lambda folder: SOUND, run)
        for name, run in dict(load_config=load_config, config=_by_command).items()
    ),
    *_text_cases(),
    *_other_kinds(),
    *_json_cases(),
    *_option_cases(),
    *_misspelt_cases(),
]
