"""Recorded numbers of the official modules: where they are, how they are read and compared."""

import importlib.util
import json
import os
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

ROOT = Path(__file__).parents[2]


def recorded_file(method: str, name: str) -> Path:
    """A file of a method's recordings, in RESTORELAB_PARITY_DIR or beside the tests.

    Without the file the test is skipped.
    """
    path = (
        Path(os.environ.get('RESTORELAB_PARITY_DIR') or Path(__file__).parent / 'data')
        / method
        / name
    )
    if not path.exists():
        pytest.skip(f'{path.name} is not in this folder of recordings')
    return path


class Recording:
    """One safetensors file: tensors as float32, ints as they are, JSON metadata.

    Stored float16 is exact.
    """

    def __init__(self, method: str, name: str):
        path = recorded_file(method, f'{name}.safetensors')
        with safe_open(path, 'pt') as file:
            self.metadata = file.metadata() or {}
            names = list(file.keys())
            self.tensors = {name: file.get_tensor(name) for name in names}
        self.tensors = {
            key: value.float() if value.dtype == torch.float16 else value
            for key, value in self.tensors.items()
        }

    def __getitem__(self, key: str) -> Tensor:
        return self.tensors[key]

    def __contains__(self, key: str) -> bool:
        return key in self.tensors

    def json(self, key: str) -> dict:
        return json.loads(self.metadata[key])

    def under(self, prefix: str) -> dict[str, Tensor]:
        return {
            key.removeprefix(prefix): value
            for key, value in self.tensors.items()
            if key.startswith(prefix)
        }


def assert_close(actual: Tensor, expected: Tensor, tolerance: float = 1e-5) -> None:
    """max |a - b| <= tolerance * max(1, max |b|)."""
    assert actual.shape == expected.shape
    error = (actual - expected).abs().max().item()
    bound = tolerance * max(1.0, expected.abs().max().item())
    assert error <= bound, f'off by {error:.3e}, allowed {bound:.3e}'


def assert_gradient_close(actual: Tensor, expected: Tensor, tolerance: float = 1e-4) -> None:
    """max |a - b| <= tolerance * max |b|."""
    assert actual.shape == expected.shape
    error, bound = (actual - expected).abs().max().item(), tolerance * expected.abs().max().item()
    assert error <= bound, f'off by {error:.3e}, allowed {bound:.3e}'


def load_converter(project: str):
    """The module ``projects/<project>/convert_weights.py``."""
    return load_script(project, 'convert_weights')


def load_script(project: str, name: str):
    """The module ``projects/<project>/<name>.py``, which is a script and no package."""
    path = ROOT / 'projects' / project / f'{name}.py'
    spec = importlib.util.spec_from_file_location(f'{project}_{name}', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
