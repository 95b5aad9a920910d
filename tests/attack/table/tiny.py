"""What most cases need beside their own input: a small published model, and a photo."""

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from PIL import Image

from restorelab import trust
from restorelab.apis import RestoreModel
from restorelab.apis.precision import choose_dtype
from restorelab.utils.weights import save_published
from tests.apis.tiny import CONFIG, tiny_restorer
from tests.datasets.pictures import scene
from tests.models.tiny import HOUSE, house

PHOTO = (scene(16, 20) * 255).astype(np.uint8)


@contextlib.contextmanager
def allowed() -> Iterator[None]:
    """Meanwhile a weight file may name the parts of ``tests.apis.tiny``."""
    with mock.patch.object(trust, 'MAKERS', (*trust.MAKERS, 'tests.apis.tiny')):
        yield


def photo(folder: Path, name: str = 'photo.png') -> Path:
    """A picture of 16x20 pixels (H x W)."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(PHOTO).save(path)
    return path


def published(folder: Path) -> Path:
    """A weight file of the tiny restorer."""
    path = folder / 'tiny.safetensors'
    if not path.exists():
        save_published(path, tiny_restorer().state_dict(), CONFIG, {})
    return path


def published_house(folder: Path) -> Path:
    """A weight file of a tiny restorer that tells degradations apart."""
    path = folder / 'house.safetensors'
    save_published(path, house().state_dict(), HOUSE, {})
    return path


@functools.cache
def model() -> RestoreModel:
    """The tiny restorer, ready to be called, in the numbers that commands and ``load`` choose."""
    return RestoreModel(tiny_restorer(), dtype=choose_dtype('auto', torch.device('cpu')))


@functools.cache
def restored() -> np.ndarray:
    """What the tiny restorer makes of the photo."""
    return model()(PHOTO)


def checkpoint(folder: Path) -> Path:
    """A training checkpoint of the tiny restorer."""
    path = folder / 'tiny.pth'
    torch.save(dict(state_dict=tiny_restorer().state_dict(), meta=dict(iter=1)), path)
    return path
