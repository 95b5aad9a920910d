"""Clean images with a class each, or with a label map each: what classification and segmentation are trained on."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from restorelab.datasets.base import (
    Record,
    RestorationDataset,
    find_images,
    name_in,
    some,
    unique_keys,
)
from restorelab.registry import DATASETS


@DATASETS.register_module()
class ClassFolders(RestorationDataset):
    """Images in one folder for each class, as ImageNet's come; the classes are numbered in the order of their names.

    A sample has, beside what ``RestorationDataset`` gives, ``label`` and ``task``.

    Args:
        source: folder of the classes' folders, which are read to the bottom.
        pipeline, seed, cache_mib: see ``RestorationDataset``; the pipeline makes ``lq`` (``Degrade``).
        degradation: what the images are degraded with.
        task: what the images are restored for.
    Raises: FileNotFoundError or ValueError for a missing or empty folder, and for images outside of the classes'.
    """

    def __init__(
        self,
        source: str | Path,
        pipeline: Iterable[dict | Callable],
        degradation: str,
        task: str = 'cls',
        seed: int = 0,
        cache_mib: float = 1024,
    ):
        images = {name_in(path, source): path for path in find_images(source)}
        if outside := [name for name in images if '/' not in name]:
            raise ValueError(
                f'{source}: {some(outside)} lie in no class; wanted is one folder for each class'
            )
        classes = sorted({name.split('/')[0] for name in images})
        self.metainfo = dict(classes=classes)
        records = [
            Record(key, degradation, gt=path)
            for key, path in zip(unique_keys(images), images.values(), strict=True)
        ]
        self.label_of = {
            record.gt: classes.index(name.split('/')[0])
            for record, name in zip(records, images, strict=True)
        }
        super().__init__(records, pipeline, task, seed, cache_mib)

    def read(self, record: Record) -> dict:
        return {**super().read(record), 'label': self.label_of[record.gt]}


@DATASETS.register_module()
class LabelMapDataset(RestorationDataset):
    """Images with a map of class numbers each, as Cityscapes' come.

    A sample has, beside what ``RestorationDataset`` gives, ``sem_seg`` (H, W) uint8 and ``task``.

    Args:
        source: folder of the images, read to the bottom.  maps: folder of the maps, single-channel PNG files.
        classes: their names; number n is the n-th.
        pipeline, seed, cache_mib: see ``RestorationDataset``; the pipeline makes ``lq`` (``Degrade``).
        degradation: what the images are degraded with.
        suffix, map_suffix: ends of the names (without extension) that are exchanged to find an image's map, such as
            ``_leftImg8bit`` and ``_gtFine_labelTrainIds``.
        task: what the images are restored for.
    Raises: FileNotFoundError or ValueError for a missing or empty folder; FileNotFoundError naming the maps that are
        missing; when read, ValueError for a map that has colors or another size than its image.
    """

    def __init__(
        self,
        source: str | Path,
        maps: str | Path,
        classes: list[str],
        pipeline: Iterable[dict | Callable],
        degradation: str,
        suffix: str = '',
        map_suffix: str = '',
        task: str = 'seg',
        seed: int = 0,
        cache_mib: float = 1024,
    ):
        images = {name_in(path, source): path for path in find_images(source)}
        self.map_of = {
            path: Path(maps).expanduser() / f'{name.removesuffix(suffix)}{map_suffix}.png'
            for name, path in images.items()
        }
        if missing := [path for path in self.map_of.values() if not path.is_file()]:
            raise FileNotFoundError(f'{len(missing)} label map(s) are missing: {some(missing)}')
        self.metainfo = dict(classes=list(classes))
        records = [
            Record(key, degradation, gt=path)
            for key, path in zip(unique_keys(images), images.values(), strict=True)
        ]
        super().__init__(records, pipeline, task, seed, cache_mib)

    def read(self, record: Record) -> dict:
        results, path = super().read(record), self.map_of[record.gt]
        labels = np.array(Image.open(path))
        if labels.shape != results['gt'].shape[:2]:
            raise ValueError(
                f"{path}: a map of shape {labels.shape}; wanted is one channel of the image's size, "
                f'{results["gt"].shape[:2]}'
            )
        return {**results, 'sem_seg': labels.astype(np.uint8)}
