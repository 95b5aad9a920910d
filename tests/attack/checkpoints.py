"""Checkpoints and addresses that would run code: payloads, and every way to give them.

``PAYLOADS`` make a file, ``ADDRESSES`` are words, and ``ENTRIES`` take either where a checkpoint
stands. Everywhere the answer is an error that names the file or the address.
"""

import builtins
import functools
import importlib
import os
import pathlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import torch
from mmengine.model import BaseModule
from mmengine.runner.checkpoint import load_checkpoint
from torch import nn

from restorelab.apis import load, publish, train
from restorelab.apis.testing import test as score
from restorelab.models.tasks.classification_task import ClassificationTask
from restorelab.registry import MODELS
from tests.engine.toys import toy_config


class Call:
    """Pickles as a call of ``function``."""

    def __init__(self, function: Callable, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


class Held:
    """An object of a class of its own."""


def _calls(marker: Path) -> dict[str, object]:
    command = f'touch {marker}'
    return {
        'os.system': Call(os.system, command),
        'eval': Call(builtins.eval, f"open({str(marker)!r}, 'w')"),
        'exec': Call(builtins.exec, f"open({str(marker)!r}, 'w')"),
        'Popen': Call(subprocess.Popen, ['touch', str(marker)]),
        'touch': Call(pathlib.Path.touch, marker),
        'hub': Call(torch.hub.load, 'evil/evil', 'net'),
        'torch.load': Call(torch.load, str(marker)),
        'import': Call(importlib.import_module, 'antigravity'),
        'partial': Call(functools.partial, os.system, command),
        'getattr': Call(getattr, nn.Linear, 'forward'),
        'object': Held(),
        'class': Held,
        'module': nn.Linear(1, 1),
    }


PAYLOADS = tuple(_calls(Path('marker')))
PLACES = ('alone', 'state_dict', 'meta', 'optimizer', 'message_hub')


def make_pickle(path: Path, marker: Path, payload: str, place: str = 'state_dict') -> Path:
    """A checkpoint that holds the payload at a place of it."""
    value = _calls(marker)[payload]
    whole = dict(
        state_dict={'a': torch.zeros(1)},
        meta=dict(iter=1, epoch=0),
        optimizer={},
        message_hub=dict(log_scalars={}, runtime_info={}, resumed_keys={}),
    )
    torch.save(value if place == 'alone' else {**whole, place: {'a': value}}, path)
    return path


def make_script(path: Path) -> Path:
    """A TorchScript archive, which ``torch.load`` would give to another reader."""
    torch.jit.save(torch.jit.script(nn.Linear(1, 1)), path)
    return path


ADDRESSES = (
    *('http://127.0.0.1:9/w.pth', 'https://127.0.0.1:9/w.pth', 's3://bucket/w.pth'),
    *('petrel://bucket/w.pth', 'pavi://w.pth', 'modelzoo://resnet50', 'torchvision://resnet50'),
    *('open-mmlab://resnet50', 'openmmlab://resnet50', 'mmcls://resnet50', 'jhu://resnet50'),
    *('file:///etc/passwd', 'ftp://127.0.0.1/w.pth', 'open-mmlab:s3://bucket/w.pth'),
)


class _Inner(BaseModule):
    def __init__(self, init_cfg: dict):
        super().__init__(init_cfg)
        self.conv = nn.Conv2d(1, 1, 1)


def _by_load(reference: str, folder: Path) -> None:
    config = folder / 'config.py'
    config.write_text(
        "model = dict(type='RegressionRestorer', backbone=dict(type='RestormerUNet', dim=8, "
        "blocks=[1, 1, 1, 1], heads=[1, 1, 1, 1], refinement=1), loss=dict(type='L1Loss'))"
    )
    load(config, reference, device='cpu')


def _by_publish(reference: str, folder: Path) -> None:
    config = folder / 'config.py'
    config.write_text("model = dict(type='ToyRestorer', backbone=dict(type='ToyNet'))")
    publish(config, reference, folder / 'out.safetensors')


def _by_converter(name: str) -> Callable[[str, Path], None]:
    def convert(reference: str, folder: Path) -> None:
        module = importlib.import_module(f'projects.{name}.convert_weights')
        arguments = [reference] * 2 if name == 'unirestore' else [reference]
        module.convert(*arguments)

    return convert


def _by_init_cfg(kind: str) -> Callable[[str, Path], None]:
    def start(reference: str, folder: Path) -> None:
        nn.Sequential(_Inner(dict(type=kind, checkpoint=reference)))[0].init_weights()

    return start


def _by_task(reference: str, folder: Path) -> None:
    ClassificationTask(2, 'resnet18', checkpoint=reference).load_pretrained()


def _by_prior(reference: str, folder: Path) -> None:
    tower = dict(image_size=8, patch_size=8, width=8, layers=1, head_width=8, embed_dim=8)
    prior = dict(type='CLIPSemanticPrior', tower=tower, pretrained=reference)
    loss = dict(type='L1Loss')
    backbone = dict(type='ToyNet')
    MODELS.build(
        dict(type='RegressionRestorer', backbone=backbone, loss=loss, priors=dict(d=prior))
    ).load_pretrained()


def _by_mmengine(reference: str, folder: Path) -> None:
    load_checkpoint(nn.Linear(1, 1), reference)


ENTRIES = {
    'load': _by_load,
    'publish': _by_publish,
    'converter of diffuir': _by_converter('diffuir'),
    'converter of perceive_ir': _by_converter('perceive_ir'),
    'converter of unirestore': _by_converter('unirestore'),
    'init_cfg Pretrained': _by_init_cfg('Pretrained'),
    'init_cfg StartFrom': _by_init_cfg('StartFrom'),
    'checkpoint of a task': _by_task,
    'pretrained of a prior': _by_prior,
    'mmengine': _by_mmengine,
}
# Each builds a whole training.
SLOW_ENTRIES = {
    'test': lambda reference, folder: score(toy_config(folder), reference),
    'train --resume': lambda reference, folder: train(toy_config(folder), resume=reference),
    'load_from': lambda reference, folder: train(toy_config(folder, load_from=reference)),
    'resume=True, load_from': lambda reference, folder: train(
        toy_config(folder, load_from=reference, resume=True)
    ),
}
