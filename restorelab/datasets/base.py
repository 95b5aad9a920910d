"""What all data sets share: records, the epoch in the index, cached images, and the pipeline."""

import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from restorelab.datasets.openmmlab import adapted
from restorelab.io.images import READ_EXTENSIONS, find_image_files, read_image
from restorelab.registry import TRANSFORMS
from restorelab.structures import SampleDataset

CACHE_VARIABLE = 'RESTORELAB_CACHE_MIB'
CACHE_MIB = 1024.0


@dataclass(frozen=True)
class Record:
    """One sample before its images are read.

    ``lq`` is None where the pipeline makes the degraded image, ``gt`` where there is no clean one.

    Attributes:
        key: name for output files.
        degradation: what was done to the image, or what will be done to it.
        rendered: the degraded image as another restorer restored it.
        name: path below the data set's folder, without extension. It stays when the data move.
        fold: see ``FoldDataset``.
    """

    key: str
    degradation: str
    lq: Path | None = None
    gt: Path | None = None
    rendered: Path | None = None
    name: str = ''
    fold: int | None = None


class ImageCache:
    """Keeps decoded images (uint8, read-only arrays) until ``limit_mib`` MiB are full.

    Each process that reads data has its own. By default the limit is 1024 MiB, or what the
    environment variable ``RESTORELAB_CACHE_MIB`` says; 0 keeps nothing.
    Raises: ValueError when that variable is not a number.
    """

    def __init__(self, limit_mib: float | None = None):
        self.free = (_limit_of_environment() if limit_mib is None else limit_mib) * 2**20
        self.images: dict[Path, np.ndarray] = {}

    def read(self, path: Path) -> np.ndarray:
        """``read_image``; a file is decoded once, as long as there is room for it."""
        if path in self.images:
            return self.images[path]
        image = read_image(path)
        image.flags.writeable = False
        if image.nbytes <= self.free:
            self.free -= image.nbytes
            self.images[path] = image
        return image


def _limit_of_environment() -> float:
    text = os.environ.get(CACHE_VARIABLE) or str(CACHE_MIB)
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(
            f"{CACHE_VARIABLE} is '{text}'; it must be a number of MiB, such as 4096"
        ) from error


class RestorationDataset(SampleDataset):
    """Samples for training and testing: ``dataset[epoch * len(dataset) + index]``.

    Each sample gets its own random generator, made from (seed, epoch, index). So a sample depends
    on these three alone, and not on the number of workers or on the order of reading. A plain index
    is one of epoch 0 and always gives the same sample.

    Attributes:
        degradations, tasks: the degradation and the task of each index.

    Args:
        records: what there is to read.
        pipeline: configs of TRANSFORMS parts, or callables. MMDetection's transforms work, too
            (``type='mmdet.RandomFlip'``). The last one packs.
        task: what the images are restored for: ``ir`` for viewing, ``det``, ``cls``, ``seg``. None
            where nothing asks for it.
        seed: seed of all random draws of the pipeline.
    """

    def __init__(
        self,
        records: list[Record],
        pipeline: Iterable[dict | Callable],
        task: str | None = None,
        seed: int = 0,
    ):
        self.records, self.task, self.seed = records, task, seed
        self.degradations = [record.degradation for record in records]
        self.transforms = [adapted(step) for step in build_pipeline(pipeline)]
        self.cache = ImageCache()

    @property
    def tasks(self) -> list[str | None]:
        return [self.task] * len(self)

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> dict:
        epoch, number = split_index(index, len(self))
        results = self.read(self.records[number])
        results['rng'] = np.random.default_rng([self.seed, epoch, number])
        for transform in self.transforms:
            results = transform(results)
        return results

    def read(self, record: Record) -> dict:
        """The sample as it enters the pipeline, without its ``rng``."""
        results = dict(key=record.key, degradation=record.degradation)
        paths = dict(lq=record.lq, gt=record.gt, rendered=record.rendered)
        for name, path in paths.items():
            if path is not None:
                results.setdefault('path', str(path))
                results[name] = self.cache.read(path)
                results.setdefault('ori_shape', results[name].shape[:2])
        if record.fold is not None:
            results['fold'] = record.fold
        if self.task is not None:
            results['task'] = self.task
        return results


def build_pipeline(pipeline: Iterable[dict | Callable]) -> list[Callable]:
    """The transforms of a pipeline; built ones are taken as they are."""
    return [TRANSFORMS.build(step) if isinstance(step, dict) else step for step in pipeline]


def split_index(index: int, length: int) -> tuple[int, int]:
    """(epoch, place in the data set) of an index that carries the epoch.

    Raises: IndexError for a negative index.
    """
    if index < 0:
        raise IndexError(f'index {index}: indices count up from 0, epoch after epoch')
    return divmod(index, length)


def check_degradations(degradations: list[str]) -> None:
    """Raise ValueError unless each degradation is named once, and at least one is."""
    if isinstance(degradations, str) or not all(isinstance(n, str) for n in degradations):
        raise ValueError(f'degradations={degradations!r}: wanted is a list of names')
    if not degradations or len(set(degradations)) < len(degradations):
        raise ValueError(
            f'degradations={list(degradations)}: name each wanted degradation once, at least one'
        )


def find_images(folder: str | Path) -> list[Path]:
    """All image files below ``folder``, sorted by path, without hidden ones.

    A warning names what has the name of an image and is none, such as a link to nothing.

    Raises: FileNotFoundError when there is no such folder, ValueError when it holds no image.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        what = 'is a file, not a folder' if folder.exists() else 'no such folder'
        raise FileNotFoundError(f'{folder}: {what}; a folder of images is wanted here')
    paths, faults = find_images_and_faults(folder)
    if faults:
        print_log(
            f'{len(faults)} file(s) with the name of an image are skipped: {some(faults)}',
            'current',
            logging.WARNING,
        )
    if not paths:
        raise ValueError(f'{folder}: no image in it (looked for {", ".join(READ_EXTENSIONS)})')
    return paths


def find_images_and_faults(folder: Path) -> tuple[list[Path], list[str]]:
    """``find_image_files`` without hidden files."""
    paths, faults = find_image_files(folder)
    shown = []
    for path in paths:
        if not any(part.startswith('.') for part in path.relative_to(folder).parts):
            shown.append(path)
    return shown, [fault for fault in faults if not fault.startswith(f'{folder}/.')]


def name_in(path: Path, folder: str | Path) -> str:
    """The path below ``folder`` without extension, with ``/`` on every system."""
    return path.relative_to(Path(folder).expanduser()).with_suffix('').as_posix()


def unique_keys(names: Iterable[str]) -> list[str]:
    """Names for output files: ``a/b`` becomes ``a_b``; repeated ones end in ``-2``, ``-3``, ..."""
    keys: dict[str, None] = {}
    for name in names:
        key = stem = name.replace('/', '_')
        number = 1
        while key in keys:
            number += 1
            key = f'{stem}-{number}'
        keys[key] = None
    return list(keys)


def some(names: Iterable[object], limit: int = 5) -> str:
    """The first names, and how many more there are: for messages."""
    names = [str(name) for name in names]
    rest = f' and {len(names) - limit} more' if len(names) > limit else ''
    return ', '.join(names[:limit]) + rest
