"""Clean images with a class each: what classification is trained on."""

from collections.abc import Callable, Iterable
from pathlib import Path

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
    """Images in one folder for each class, as ImageNet has them.

    The classes are numbered in the order of their names. A sample also has ``label``.

    Args:
        source: folder of the classes' folders, which are read with all their subfolders.
        pipeline, task: see ``RestorationDataset``; ``Degrade`` in the pipeline makes ``lq``.
        degradation: what the images are degraded with.
    Raises: FileNotFoundError or ValueError for a missing or empty folder, and for images that are
        in no class.
    """

    def __init__(
        self,
        source: str | Path,
        pipeline: Iterable[dict | Callable],
        degradation: str,
        task: str = 'cls',
    ):
        images = {name_in(path, source): path for path in find_images(source)}
        outside = [name for name in images if '/' not in name]
        if outside:
            raise ValueError(
                f'{source}: {some(outside)} lie in no class; wanted is one folder for each class'
            )
        classes = sorted({name.split('/')[0] for name in images})
        self.metainfo = dict(classes=classes)
        self.label_of: dict[Path, int] = {}
        records = []
        for key, (name, path) in zip(unique_keys(images), images.items(), strict=True):
            records.append(Record(key, degradation, gt=path))
            self.label_of[path] = classes.index(name.split('/')[0])
        super().__init__(records, pipeline, task)

    def read(self, record: Record) -> dict:
        results = super().read(record)
        results['label'] = self.label_of[record.gt]
        return results
