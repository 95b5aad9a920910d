"""Clean images with a label map each: what segmentation is trained on."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from restorelab.datasets.base import (
    Record,
    RestorationDataset,
    find_images,
    name_in,
    some,
    unique_keys,
)
from restorelab.datasets.faults import refuse_faults
from restorelab.io.images import ImageReadError, image_size, label_map_size, read_label_map
from restorelab.registry import DATASETS


@DATASETS.register_module()
class LabelMapDataset(RestorationDataset):
    """Images with a map of class numbers each, as Cityscapes has them.

    A sample also has ``sem_seg`` (H, W), uint8.

    Args:
        source: folder of the images, with all its subfolders.
        maps: folder of the maps, which are PNG files of one channel.
        classes: their names; number n is the n-th.
        pipeline, task: see ``RestorationDataset``; ``Degrade`` in the pipeline makes ``lq``.
        degradation: what the images are degraded with.
        suffix, map_suffix: ends of the names, without extension. A map has the name of its image
            with ``map_suffix`` in place of ``suffix``, such as ``_gtFine_labelTrainIds`` in place
            of ``_leftImg8bit``.
    Raises: FileNotFoundError or ValueError for a missing or empty folder; FileNotFoundError that
        names the missing maps; ValueError that names the maps that have colors or another size
        than their images.
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
    ):
        images = {name_in(path, source): path for path in find_images(source)}
        self.metainfo = dict(classes=list(classes))
        self.map_of: dict[Path, Path] = {}
        records = []
        for key, (name, path) in zip(unique_keys(images), images.items(), strict=True):
            records.append(Record(key, degradation, gt=path))
            map_name = f'{name.removesuffix(suffix)}{map_suffix}.png'
            self.map_of[path] = Path(maps).expanduser() / map_name
        missing = [path for path in self.map_of.values() if not path.is_file()]
        if missing:
            raise FileNotFoundError(f'{len(missing)} label map(s) are missing: {some(missing)}')
        refuse_faults(f'label maps in {maps}', _faults(self.map_of))
        super().__init__(records, pipeline, task)

    def read(self, record: Record) -> dict:
        results = super().read(record)
        path = self.map_of[record.gt]
        labels = read_label_map(path)
        fault = _fault_of_size(path, labels.shape, results['gt'].shape[:2])
        if fault:
            raise ValueError(fault)
        results['sem_seg'] = labels
        return results


def _faults(map_of: dict[Path, Path]) -> Iterator[str]:
    """What is wrong with the maps, by their headers."""
    for image, path in map_of.items():
        try:
            fault = _fault_of_size(path, label_map_size(path), image_size(image))
        except ImageReadError as error:
            fault = str(error)
        if fault:
            yield fault


def _fault_of_size(path: Path, found: tuple[int, int], wanted: tuple[int, int]) -> str | None:
    if found == wanted:
        return None
    return (
        f'{path}: a map of {found} (height, width); wanted is one channel of the size of its image,'
        f' {wanted}'
    )
