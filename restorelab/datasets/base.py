"""What every data set shares: records, the epoch in the index, the cache of decoded images, and the pipeline."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from restorelab.registry import TRANSFORMS
from restorelab.utils.images import READ_EXTENSIONS, read_image


@dataclass(frozen=True)
class Record:
    """One sample before it is read: ``lq`` is None where the pipeline makes it, ``gt`` where there is none."""

    key: str
    task: str
    lq: Path | None = None
    gt: Path | None = None


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

    ``tasks``: the task of each index.

    Args:
        records: what there is to read.
        pipeline: configs of TRANSFORMS parts (or callables); the last one packs.
        seed: of all that the pipeline draws.
        cache_mib: memory for decoded images, in MiB a process.
    """

    def __init__(self, records: list[Record], pipeline: Iterable[dict | Callable], seed: int = 0,
                 cache_mib: float = 1024):
        self.records, self.seed = records, seed
        self.tasks = [record.task for record in records]
        self.transforms = [TRANSFORMS.build(step) if isinstance(step, dict) else step for step in pipeline]
        self.cache = ImageCache(cache_mib)

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[dict]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> dict:
        if index < 0:
            raise IndexError(f'index {index}: indices count up from 0, epoch after epoch')
        epoch, number = divmod(index, len(self.records))
        results = self.read(self.records[number])
        results['rng'] = np.random.default_rng([self.seed, epoch, number])
        for transform in self.transforms:
            results = transform(results)
        return results

    def read(self, record: Record) -> dict:
        """The sample as it enters the pipeline, without its ``rng``."""
        images = {name: path for name, path in (('lq', record.lq), ('gt', record.gt)) if path is not None}
        results = dict(key=record.key, task=record.task, path=str(next(iter(images.values()))))
        results.update((name, self.cache.read(path)) for name, path in images.items())
        results['ori_shape'] = results[next(iter(images))].shape[:2]
        return results


def find_images(folder: str | Path) -> list[Path]:
    """Image files below ``folder``, hidden ones left out, sorted by path.

    Raises: FileNotFoundError when there is no such folder, ValueError when it holds no image.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        what = 'is a file, not a folder' if folder.exists() else 'no such folder'
        raise FileNotFoundError(f'{folder}: {what}; a folder of images is wanted here')
    inside = ((path, path.relative_to(folder)) for path in folder.rglob('*') if path.suffix.lower() in READ_EXTENSIONS)
    paths = sorted(path for path, rest in inside if not any(part.startswith('.') for part in rest.parts))
    if not paths:
        raise ValueError(f'{folder}: no image in it (looked for {", ".join(READ_EXTENSIONS)})')
    return paths


def unique_keys(paths: list[Path]) -> list[str]:
    """A name for the output of each file: its stem, and from the second of the same stem on ``<stem>-2`` and so on."""
    seen: dict[str, int] = {}
    taken = {path.stem for path in paths}
    keys = []
    for path in paths:
        number = seen.get(path.stem, 0) + 1
        key = path.stem if number == 1 else f'{path.stem}-{number}'
        while number > 1 and key in taken:
            number += 1
            key = f'{path.stem}-{number}'
        seen[path.stem] = number
        taken.add(key)
        keys.append(key)
    return keys
