"""What every data set shares: records, the epoch in the index, the cache of decoded images, and the pipeline."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from restorelab.datasets.openmmlab import adapted
from restorelab.registry import TRANSFORMS
from restorelab.utils.images import READ_EXTENSIONS, read_image


@dataclass(frozen=True)
class Record:
    """One sample before it is read: ``lq`` is None where the pipeline makes it, ``gt`` where there is none.

    ``rendered``: the degraded image as another restorer restored it.  ``name``: path below the data set's folder,
    without extension, which stays when the data move.  ``fold``: see ``FoldDataset``.
    """

    key: str
    degradation: str
    lq: Path | None = None
    gt: Path | None = None
    rendered: Path | None = None
    name: str = ''
    fold: int | None = None


class ImageCache:
    """Decoded images (uint8, read-only arrays), kept until ``limit_mib`` MiB are full; each worker has its own."""

    def __init__(self, limit_mib: float):
        self.free = limit_mib * 2**20
        self.images: dict[Path, np.ndarray] = {}

    def read(self, path: Path) -> np.ndarray:
        """``read_image``, once a file as long as there is room."""
        if path in self.images:
            return self.images[path]
        image = read_image(path)
        image.flags.writeable = False
        if image.nbytes <= self.free:
            self.free -= image.nbytes
            self.images[path] = image
        return image


class RestorationDataset(Dataset):
    """Samples for training and testing: ``dataset[epoch * len(dataset) + index]``.

    Each sample gets a random generator of its own, made from (seed, epoch, index): what comes out depends on nothing
    else, no matter how many workers read, and in which order. Plain indices are epoch 0, always the same.

    ``degradations`` and ``tasks`` name the degradation and the task of each index.

    Args:
        records: what there is to read.
        pipeline: configs of TRANSFORMS parts (or callables), MMDetection's too (``type='mmdet.RandomFlip'``); the last
            one packs.
        task: what the images are restored for: ``ir`` for viewing, ``det``, ``cls``, ``seg``. None where only one
            purpose is meant.
        seed: of all that the pipeline draws.
        cache_mib: memory for decoded images, in MiB a process.
    """

    def __init__(
        self,
        records: list[Record],
        pipeline: Iterable[dict | Callable],
        task: str | None = None,
        seed: int = 0,
        cache_mib: float = 1024,
    ):
        self.records, self.task, self.seed = records, task, seed
        self.degradations = [record.degradation for record in records]
        self.transforms = [
            adapted(TRANSFORMS.build(step) if isinstance(step, dict) else step) for step in pipeline
        ]
        self.cache = ImageCache(cache_mib)

    @property
    def tasks(self) -> list[str | None]:
        return [self.task] * len(self)

    @property
    def parts(self) -> list['RestorationDataset']:
        """The data sets that this one joins; a plain one is its only part."""
        return [self]

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[dict]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> dict:
        epoch, number = split_index(index, len(self))
        results = self.read(self.records[number])
        results['rng'] = np.random.default_rng([self.seed, epoch, number])
        for transform in self.transforms:
            results = transform(results)
        return results

    def read(self, record: Record) -> dict:
        """The sample as it enters the pipeline, without its ``rng``."""
        images = dict(lq=record.lq, gt=record.gt, rendered=record.rendered)
        images = {name: path for name, path in images.items() if path is not None}
        results = dict(
            key=record.key, degradation=record.degradation, path=str(next(iter(images.values())))
        )
        results.update((name, self.cache.read(path)) for name, path in images.items())
        results['ori_shape'] = results[next(iter(images))].shape[:2]
        if record.fold is not None:
            results['fold'] = record.fold
        if self.task is not None:
            results['task'] = self.task
        return results


def split_index(index: int, length: int) -> tuple[int, int]:
    """(epoch, place in the data set) of an index that carries the epoch. Raises IndexError for a negative one."""
    if index < 0:
        raise IndexError(f'index {index}: indices count up from 0, epoch after epoch')
    return divmod(index, length)


def find_images(folder: str | Path) -> list[Path]:
    """Image files below ``folder``, hidden ones left out, sorted by path.

    Raises: FileNotFoundError when there is no such folder, ValueError when it holds no image.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        what = 'is a file, not a folder' if folder.exists() else 'no such folder'
        raise FileNotFoundError(f'{folder}: {what}; a folder of images is wanted here')
    inside = (
        (path, path.relative_to(folder))
        for path in folder.rglob('*')
        if path.suffix.lower() in READ_EXTENSIONS
    )
    paths = sorted(
        path for path, rest in inside if not any(part.startswith('.') for part in rest.parts)
    )
    if not paths:
        raise ValueError(f'{folder}: no image in it (looked for {", ".join(READ_EXTENSIONS)})')
    return paths


def name_in(path: Path, folder: str | Path) -> str:
    """The path below ``folder`` without extension, with ``/`` on every system: what pairing rules look at."""
    return path.relative_to(Path(folder).expanduser()).with_suffix('').as_posix()


def unique_keys(names: Iterable[str]) -> list[str]:
    """Names for output files: ``a/b`` becomes ``a_b``, and what came before gets ``-2``, ``-3``, ... appended."""
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
