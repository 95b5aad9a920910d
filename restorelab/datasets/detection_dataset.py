"""Images with annotated objects, in COCO's format."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from restorelab.datasets.base import Record, RestorationDataset, check_degradations, some
from restorelab.datasets.coco import CocoFile, Objects, rasterize
from restorelab.registry import DATASETS


@dataclass(frozen=True, eq=False)
class DetectionRecord(Record):
    """An image and its objects; ``size`` is the (H, W) of the annotation file, or None."""

    img_id: int = 0
    size: tuple[int, int] | None = None
    objects: Objects | None = None


@DATASETS.register_module()
class DetectionDataset(RestorationDataset):
    """Images with boxes, and masks, from a COCO json.

    The degraded images are made on the fly, or come from a folder, with or without clean ones. A
    sample also has ``img_id``, ``boxes``, ``labels``, ``ignore`` and ``masks`` (see
    ``restorelab.datasets.geometry``); crowds are ``ignore``. ``metainfo`` names the classes, as
    MMDetection's evaluators want it.

    Args:
        ann_file: the json.
        pipeline, task: see ``RestorationDataset``.
        gt: folder of the clean images, which the ``file_name`` entries are relative to, or None.
        lq: folder of degraded images by the same names; None where ``Degrade`` makes them. With
            ``lq`` alone there are no clean images, as with photographs of real fog.
        degradations: what the images are degraded with. By default they alternate from image to
            image, so that each image is scored once.
        all_degradations: take each image once for every degradation; for training.
        classes: names, in the order of the labels; those of the json, by category id, when None.
            Objects of other classes are left out.
        with_masks: read the segmentations, too.
        filter_empty: leave out images without objects; for training.

    The json is checked whole, before any image is decoded. Each fault is named with its entry and
    the reason, the first twenty in one error; ``coco_faults`` has the rules. Paths may not lead out
    of their folder. Objects outside their image, or without a size, are left out with a warning
    that names the first ones.

    Raises: FileNotFoundError for a missing json, folder or image; ValueError for faults of the
        json, for images of another size than it says, and when no object is left; KeyError for
        classes that the json does not have.
    """

    def __init__(
        self,
        ann_file: str | Path,
        pipeline: Iterable[dict | Callable],
        gt: str | Path | None = None,
        lq: str | Path | None = None,
        degradations: list[str] = ('clean',),
        all_degradations: bool = False,
        classes: list[str] | None = None,
        with_masks: bool = False,
        filter_empty: bool = False,
        task: str = 'det',
    ):
        if gt is None and lq is None:
            raise ValueError(
                f'DetectionDataset of {ann_file}: give the folder gt of clean images, or lq of '
                'degraded ones, or both'
            )
        check_degradations(degradations)
        coco = CocoFile(ann_file)
        self.classes = coco.check_classes(classes)
        self.with_masks = with_masks
        self.metainfo = dict(classes=tuple(self.classes))
        objects = coco.objects(self.classes, with_masks)
        if not any(len(found) for found in objects.values()):
            raise ValueError(
                f'{ann_file}: no image has an object of the classes {some(self.classes)}'
            )
        images = [i for i in coco.images if len(objects[i['id']]) or not filter_empty]
        records = []
        for number, record in enumerate(_records(coco, images, objects, gt, lq)):
            if all_degradations:
                records += [
                    replace(record, degradation=name, key=f'{record.key}_{name}')
                    for name in degradations
                ]
            else:
                name = degradations[number % len(degradations)]
                records.append(replace(record, degradation=name))
        super().__init__(records, pipeline, task)

    def read(self, record: DetectionRecord) -> dict:
        results = super().read(record)
        size = results['ori_shape']
        if record.size not in (None, size):
            raise ValueError(
                f'{results["path"]}: the annotations are for {record.size[1]}x{record.size[0]} '
                f'pixels (width x height), the image has {size[1]}x{size[0]}, as its EXIF '
                'orientation turns it'
            )
        objects = record.objects
        results.update(
            img_id=record.img_id,
            boxes=objects.boxes,
            labels=objects.labels,
            ignore=objects.ignore,
        )
        if self.with_masks:
            masks = np.zeros((len(objects), *size), np.uint8)
            for number, segment in enumerate(objects.segments):
                masks[number] = rasterize(segment, *size, results['path'])
            results['masks'] = masks
        return results


def _records(
    coco: CocoFile,
    images: list[dict],
    objects: dict[int, Objects],
    gt: str | Path | None,
    lq: str | Path | None,
) -> list[DetectionRecord]:
    """One record for each image, not yet degraded."""
    folders = {}
    for role, folder in (('gt', gt), ('lq', lq)):
        if folder is not None:
            folders[role] = Path(folder).expanduser()
            coco.check_images(images, folders[role], role)
    records = []
    for image, key in zip(images, coco.keys(images), strict=True):
        paths = {role: folder / image['file_name'] for role, folder in folders.items()}
        record = DetectionRecord(
            key=key,
            degradation='clean',
            img_id=image['id'],
            size=coco.size(image),
            objects=objects[image['id']],
            **paths,
        )
        records.append(record)
    return records
