"""Clean photographs that are degraded while they are read."""

from collections.abc import Callable, Iterable
from pathlib import Path

from restorelab.datasets.base import (
    Record,
    RestorationDataset,
    build_pipeline,
    check_degradations,
    find_images,
    name_in,
    unique_keys,
)
from restorelab.datasets.embedded import embedded_images
from restorelab.datasets.transforms.degrade import Degrade
from restorelab.datasets.transforms.degrade_in_order import DegradeInOrder
from restorelab.registry import DATASETS


@DATASETS.register_module()
class OnTheFlyDataset(RestorationDataset):
    """Every clean image once for each degradation, the degradations of one image in a row.

    ``Degrade`` in the pipeline makes ``lq``, with new draws in each pass. The default source needs
    no download.

    Args:
        degradations: what the images are degraded with, such as ``['noise', 'rain']``.
        pipeline, task, seed: see ``RestorationDataset``.
        source: 'embedded' for the photographs in scikit-image, or a folder, or a list of folders,
            with all their subfolders.
        split: ``train`` or ``val`` of the embedded photographs; folders are taken whole.
    Raises: KeyError for a degradation that a ``Degrade`` or ``DegradeInOrder`` of the pipeline does
        not know; FileNotFoundError or ValueError that names a missing or empty folder.
    """

    def __init__(
        self,
        degradations: list[str],
        pipeline: Iterable[dict | Callable],
        source: str | Path | list[str | Path] = 'embedded',
        split: str = 'train',
        task: str | None = None,
        seed: int = 0,
    ):
        pipeline = build_pipeline(pipeline)
        self._validate(degradations, pipeline)
        names = self._names(source, split)
        records = []
        for key, (path, name) in zip(unique_keys(names.values()), names.items(), strict=True):
            for degradation in degradations:
                record = Record(f'{key}_{degradation}', degradation, gt=path, name=name)
                records.append(record)
        super().__init__(records, pipeline, task, seed)

    @staticmethod
    def _validate(degradations: list[str], pipeline: list[Callable]) -> None:
        check_degradations(degradations)
        user = f'OnTheFlyDataset, degradations={list(degradations)}'
        for step in pipeline:
            if isinstance(step, Degrade | DegradeInOrder):
                for degradation in degradations:
                    step.check_degradation(degradation, user)

    @staticmethod
    def _names(source: str | Path | list[str | Path], split: str) -> dict[Path, str]:
        """The images and their names below their folders."""
        if source == 'embedded':
            return {path: path.stem for path in embedded_images(split)}
        names = {}
        for folder in [source] if isinstance(source, str | Path) else source:
            for path in find_images(folder):
                names[path] = name_in(path, folder)
        return names
