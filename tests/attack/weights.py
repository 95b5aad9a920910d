"""Published weight files that ask for more than weights: the cases, as data.

Each ``Case`` makes a file, and says by which entry point it is given and what the answer must name.
The marker is a file that a payload would make. No case may make it.
"""

import copy
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import save_file

MODEL = dict(
    type='DiffusionRestorer',
    backbone=dict(
        type='ResidualDiffusionUNet',
        width=8,
        channel_mults=[1, 1],
        attention=dict(type='LinearAttentionBlock'),
    ),
    process=dict(type='SharedResidualProcess', steps=10),
    loss=dict(type='L1Loss'),
    sampler=dict(type='SDTDDIMSampler', steps=1),
    priors=dict(degradation=dict(type='CompactDegradationEncoder', widths=[4, 4], dim=8)),
    adapters=dict(time=dict(type='PromptTimeAdapter')),
    codec=dict(type='PixelCodec'),
)


class Case(NamedTuple):
    """One bad file.

    Attributes:
        name: of the case.
        make: (folder, marker) -> the path to give.
        entry: ``load``, ``restore``, ``benchmark``: who gets it.
        words: what the message must name, besides the file.
    """

    name: str
    make: Callable[[Path, Path], Path]
    entry: str
    words: tuple[str, ...]


def payloads(marker: Path) -> dict[str, object]:
    """Configs that would run code, if they were built as they stand."""
    command = f'touch {marker}'
    return dict(
        system=dict(type='os.system', command=command),
        eval=dict(type='builtins.eval', source=f"open({str(marker)!r}, 'w')"),
        popen=dict(type='subprocess.Popen', args=['touch', str(marker)]),
        path=dict(type='pathlib.Path.touch', self=str(marker)),
        hub=dict(type='torch.hub.load', repo_or_dir='evil/evil', model='net', trust_repo=True),
        runner=dict(type='mmengine.runner.Runner.from_cfg', cfg=dict(work_dir=str(marker))),
        runpy=dict(type='runpy.run_path', path_name=str(marker.with_suffix('.py'))),
        mmdet=dict(type='mmdet.RetinaNet'),
        torch=dict(type='torch.nn.Linear', in_features=1, out_features=1),
        scope=dict(type='L1Loss', _scope_='mmdet'),
        registered=dict(type='Conv2d', in_channels=1, out_channels=1, kernel_size=1),
        number=dict(type=7),
        nothing=dict(type=None),
        list=dict(type=['os.system'], command=command),
        import_module=dict(type='importlib.import_module', name='antigravity'),
    )


# Places of a published config, as keys from the model on.
PLACES = {
    'top': (),
    'backbone': ('backbone',),
    'block': ('backbone', 'attention'),
    'list of blocks': ('backbone', 'attention', 0),
    'prior': ('priors', 'degradation'),
    'new prior': ('priors', 'more'),
    'adapter': ('adapters', 'time'),
    'process': ('process',),
    'sampler': ('sampler',),
    'codec': ('codec',),
    'loss': ('loss',),
    'objective': ('objective',),
    'start': ('init_cfg',),
    'plain option': ('process', 'steps'),
    'nested list': ('backbone', 'channel_mults', 0, 0),
}


def planted(keys: tuple, value: object) -> object:
    """``MODEL`` with ``value`` at the place of ``keys``."""
    if not keys:
        return value
    model = copy.deepcopy(MODEL)
    node = model
    for key, following in itertools.pairwise(keys):
        if isinstance(following, int):
            node[key] = [None]
        elif not isinstance(node, list) and key not in node:
            node[key] = {}
        node = node[key]
    node[keys[-1]] = value
    return model


def write(path: Path, config: object, info: object = None, state: dict | None = None) -> Path:
    """A published file. ``config`` and ``info`` may be JSON texts, which are taken as they are."""
    texts = {}
    for key, value in dict(config=config, info={} if info is None else info).items():
        texts[key] = value if isinstance(value, str) else json.dumps(value)
    save_file({'a': torch.zeros(1)} if state is None else state, path, texts)
    return path


def _planted_case(place: str, payload: str, entry: str) -> Case:
    def make(folder: Path, marker: Path) -> Path:
        model = planted(PLACES[place], payloads(marker)[payload])
        return write(folder / 'evil.safetensors', model)

    keys = '.'.join(map(str, PLACES[place]))
    return Case(f'{payload} at {place} by {entry}', make, entry, (f'config.{keys}'.rstrip('.'),))


def planted_cases() -> list[Case]:
    """Every payload at every place by ``load``; a few at every place by the commands."""
    cases = []
    for place in PLACES:
        for payload in payloads(Path('marker')):
            cases.append(_planted_case(place, payload, 'load'))
        for entry in ('restore', 'benchmark'):
            cases.append(_planted_case(place, 'system', entry))
    return cases


def deep(levels: int) -> list:
    value: list = []
    for _ in range(levels):
        value = [value]
    return value


# name: the keys of the place, the value there, and a word of the message
VALUES = {
    'unknown option': (('backbone', 'widht'), 8, 'width'),
    'unknown top option': (('custom_imports',), dict(imports=['os']), 'custom_imports'),
    'scope on top': (('_scope_',), 'mmdet', '_scope_'),
    'path in pretrained': (
        ('priors', 'd'),
        dict(type='CLIPSemanticPrior', tower=dict(embed_dim=8), pretrained='/etc/passwd'),
        '/etc/passwd',
    ),
    'url in pretrained': (
        ('priors', 'd'),
        dict(type='CLIPSemanticPrior', tower=dict(embed_dim=8), pretrained='https://a.b/c.pth'),
        'https://a.b',
    ),
    'tag to fetch': (
        ('priors', 'd'),
        dict(type='CLIPSemanticPrior', tower='ViT-B-32', pretrained='openai'),
        'openai',
    ),
    'way out of the package': (
        ('priors', 'd'),
        dict(type='CLIPSemanticPrior', tower=dict(embed_dim=8), pretrained='restorelab:../../x'),
        'restorelab:../../x',
    ),
    'fetched by default': (
        ('priors', 'd'),
        dict(type='StructurePrior', cues=[dict(type='DepthCue')]),
        'depth-anything',
    ),
    'tower of timm': (
        ('priors', 'd'),
        dict(
            type='CLIPSemanticPrior',
            tower=dict(embed_dim=8, timm_model_name='resnet18', timm_model_pretrained=True),
        ),
        'timm_model_name',
    ),
    'tower on the hub': (
        ('priors', 'd'),
        dict(type='CLIPSemanticPrior', tower='hf-hub:evil/net'),
        'hf-hub:evil/net',
    ),
    'text tower on the hub': (
        ('priors', 'd'),
        dict(type='CLIPQualityPerceiver', clip='roberta-ViT-B-32'),
        'roberta-ViT-B-32',
    ),
    'code for transformers': (
        ('priors', 'd'),
        dict(type='DINOv2ClassTokens', network=dict(attn_implementation='evil/kernel')),
        'attn_implementation',
    ),
    'pretrained start': (
        ('init_cfg',),
        dict(type='Pretrained', checkpoint='http://a.b/c.pth'),
        'Pretrained',
    ),
    'start at a url': (
        ('init_cfg',),
        dict(type='StartFrom', checkpoint='http://a.b/c.pth'),
        'http://a.b',
    ),
    'start at a function': (
        ('init_cfg',),
        dict(type='StartFrom', checkpoint=dict(type='os.system')),
        'checkpoint',
    ),
    'restorer in a file': (('restorer',), 'evil.py', 'restorer'),
    'endless numbers': (('backbone', 'width'), 10**12, '1000000000000'),
    'large network': (('backbone', 'width'), 65536, 'elements'),
    'many modules': (('backbone', 'channel_mults'), [1] * 5000, 'modules'),
    'many steps': (('process', 'steps'), 10**6, '10000 steps'),
    'deep nesting': (('backbone', 'channel_mults'), deep(30), 'nested'),
    'long word': (('process', 'schedule'), 'a' * 3000, 'longer than'),
    'given taps': (('adapters', 'time', 'tap_specs'), [], 'tap_specs'),
}


def _value_case(name: str) -> Case:
    keys, value, word = VALUES[name]

    def make(folder: Path, _marker: Path) -> Path:
        return write(folder / 'evil.safetensors', planted(keys, value))

    return Case(name, make, 'load', ('config', word))


# name: config, info, word of the message
TEXTS = {
    'config is no JSON': ('{', '{}', 'config is no JSON'),
    'config is a list': ('[1]', '{}', 'config is a list'),
    'config is Python': ("__import__('os').system('id')", '{}', 'config is no JSON'),
    'NaN': ('{"type": NaN}', '{}', 'NaN'),
    'deep JSON': ('[' * 100_000, '{}', 'config is no JSON'),
    'long JSON': ('{"a": "' + 'a' * 2**21 + '"}', '{}', 'characters'),
    'long number': ('{"type": ' + '9' * 6000 + '}', '{}', 'config is no JSON'),
    'no type': ('{}', '{}', "'type'"),
    'info is no JSON': ('{"type": "L1Loss"}', '!!python/object/apply:os.system [id]', 'info is no'),
    'info is a number': ('{"type": "L1Loss"}', '7', 'info is a int'),
}


def _text_case(name: str) -> Case:
    config, info, word = TEXTS[name]

    def make(folder: Path, _marker: Path) -> Path:
        return write(folder / 'evil.safetensors', config, info)

    return Case(name, make, 'load', (word,))


CASES = [
    *planted_cases(),
    *(_value_case(name) for name in VALUES),
    *(_text_case(name) for name in TEXTS),
]
