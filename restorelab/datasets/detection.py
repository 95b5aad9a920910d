"""Images with annotated objects, in COCO's format, degraded on the fly, paired, or without a clean image at all."""

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from mmengine.logging import print_log

from restorelab.datasets.base import Record, RestorationDataset, some, unique_keys
from restorelab.registry import DATASETS, nearest


@dataclass(frozen=True, eq=False)
class DetectionRecord(Record):
    """An image and its objects: ``boxes`` (N, 4) float32 in pixels, ``labels`` (N,), ``ignore`` (N,) bool, and one
    COCO segmentation each; ``size`` is the (H, W) that the annotation file gives, or None."""

    img_id: int = 0
    size: tuple[int, int] | None = None
    boxes: np.ndarray = None
    labels: np.ndarray = None
    ignore: np.ndarray = None
    segments: tuple = ()


@DATASETS.register_module()
class DetectionDataset(RestorationDataset):
    """Images with boxes (and masks) from a COCO json.

    A sample has, beside what ``RestorationDataset`` gives, ``boxes``, ``labels``, ``ignore`` and ``masks`` (see
    ``restorelab.datasets.geometry``), ``img_id`` and ``task``. Crowds are ``ignore``. ``metainfo`` names the classes,
    as MMDetection's evaluators want it.

    Args:
        ann_file: the json.
        pipeline, seed, cache_mib: see ``RestorationDataset``.
        gt: folder of the clean images, which the ``file_name`` entries are relative to, or None.
        lq: folder of degraded images of the same names, or None: the pipeline makes them (``Degrade``). With ``lq``
            alone the set has no clean images: real fog, say.
        degradations: what the images are degraded with. Image number n is degraded with number n modulo their count, so that
            each is scored once; with ``all_degradations`` each image comes once for every degradation.
        all_degradations: see there; for training.
        classes: names, in the order of the labels; those of the json, by category id, when None. Objects of other
            classes are left out.
        with_masks: read the segmentations too.
        filter_empty: leave out images without objects; for training.
        task: what the images are restored for, such as ``det``.
    Raises, before any image is decoded: FileNotFoundError for a missing json, folder or image; ValueError for what is
        no COCO json, for annotations of unknown images and categories, and when no object is left; KeyError for
        classes that the json does not have; each names the file and the entry. Objects outside their image and of no
        size are left out with a warning that names the first ones.
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
        seed: int = 0,
        cache_mib: float = 1024,
    ):
        if gt is None and lq is None:
            raise ValueError(
                f'DetectionDataset of {ann_file}: give the folder gt of clean images, or lq of degraded '
                'ones, or both'
            )
        if not degradations or len(set(degradations)) < len(degradations):
            raise ValueError(
                f'degradations={list(degradations)}: name each wanted degradation once, at least one'
            )
        coco = CocoFile(ann_file)
        self.classes = coco.check_classes(classes)
        self.with_masks = with_masks
        objects = coco.objects(self.classes, with_masks)
        images = [
            image for image in coco.images if len(objects[image['id']][0]) or not filter_empty
        ]
        if not any(len(boxes) for boxes, *_ in objects.values()):
            raise ValueError(
                f'{ann_file}: no image has an object of the classes {some(self.classes)}'
            )
        folders = {
            role: Path(folder).expanduser()
            for role, folder in (('gt', gt), ('lq', lq))
            if folder is not None
        }
        for role, folder in folders.items():
            _check_images(ann_file, role, folder, images)
        records = []
        for number, (image, key) in enumerate(zip(images, coco.keys(images), strict=True)):
            chosen = (
                degradations if all_degradations else [degradations[number % len(degradations)]]
            )
            paths = {role: folder / image['file_name'] for role, folder in folders.items()}
            boxes, labels, ignore, segments = objects[image['id']]
            records += [
                DetectionRecord(
                    key=f'{key}_{degradation}' if all_degradations else key,
                    degradation=degradation,
                    img_id=image['id'],
                    size=coco.size(image),
                    boxes=boxes,
                    labels=labels,
                    ignore=ignore,
                    segments=segments,
                    **paths,
                )
                for degradation in chosen
            ]
        super().__init__(records, pipeline, task, seed, cache_mib)

    @property
    def metainfo(self) -> dict:
        return dict(classes=tuple(self.classes))

    def read(self, record: DetectionRecord) -> dict:
        results = super().read(record)
        size = results['ori_shape']
        if record.size not in (None, size):
            raise ValueError(
                f'{results["path"]}: the annotations are for {record.size[1]}x{record.size[0]} pixels '
                f'(width x height), the image has {size[1]}x{size[0]}, as its EXIF orientation turns it'
            )
        results.update(
            boxes=record.boxes,
            labels=record.labels,
            ignore=record.ignore,
            img_id=record.img_id,
        )
        if self.with_masks:
            masks = [rasterize(segment, *size, results['path']) for segment in record.segments]
            results['masks'] = np.stack(masks) if masks else np.zeros((0, *size), np.uint8)
        return results


def _check_images(ann_file: str | Path, role: str, folder: Path, images: list[dict]) -> None:
    if not folder.is_dir():
        raise FileNotFoundError(
            f'{folder}: no such folder; {role} is the folder that the file names in {ann_file} '
            'are relative to'
        )
    if missing := [
        image['file_name'] for image in images if not (folder / image['file_name']).is_file()
    ]:
        raise FileNotFoundError(
            f'{ann_file} annotates {len(missing)} image(s) that are not in {folder}: '
            f'{some(missing)}'
        )


class CocoFile:
    """The entries of a COCO json, checked. Raises: see ``DetectionDataset``."""

    def __init__(self, path: str | Path):
        self.path = Path(path).expanduser()
        if not self.path.is_file():
            raise FileNotFoundError(f'{self.path}: no such annotation file')
        try:
            content = json.loads(self.path.read_text(encoding='utf-8'))
        except ValueError as error:
            raise ValueError(f'{self.path}: not a json file ({error})') from error
        wanted = ('images', 'annotations', 'categories')
        lacking = (
            [key for key in wanted if key not in content]
            if isinstance(content, dict)
            else list(wanted)
        )
        if lacking:
            raise ValueError(f'{self.path}: no COCO annotations, it lacks {lacking}')
        self.images, self.annotations = content['images'], content['annotations']
        self.categories = sorted(content['categories'], key=lambda category: category['id'])
        self._check_references()

    def _check_references(self) -> None:
        ids = {image['id'] for image in self.images}
        if lost := [
            f'{a["id"]} (image {a["image_id"]})'
            for a in self.annotations
            if a['image_id'] not in ids
        ]:
            raise ValueError(
                f'{self.path}: {len(lost)} annotation(s) of images that it does not list: {some(lost)}'
            )
        known = {category['id'] for category in self.categories}
        if lost := [
            f'{a["id"]} (category {a["category_id"]})'
            for a in self.annotations
            if a['category_id'] not in known
        ]:
            raise ValueError(
                f'{self.path}: {len(lost)} annotation(s) of categories that it does not list: '
                f'{some(lost)}'
            )

    def check_classes(self, classes: Iterable[str] | None) -> list[str]:
        """The class names in the order of their labels. Raises KeyError for one that the file does not have."""
        names = [category['name'] for category in self.categories]
        if classes is None:
            return names
        for name in classes:
            if name not in names:
                raise KeyError(
                    f"{self.path} has no class '{name}'; nearest: {nearest(name, names) or 'none'}; "
                    f'all: {names}'
                )
        return list(classes)

    def keys(self, images: list[dict]) -> list[str]:
        return unique_keys(Path(image['file_name']).with_suffix('').as_posix() for image in images)

    @staticmethod
    def size(image: dict) -> tuple[int, int] | None:
        """(H, W), where the file gives it."""
        return (image['height'], image['width']) if 'height' in image and 'width' in image else None

    def objects(self, classes: list[str], with_masks: bool) -> dict[int, tuple]:
        """(boxes, labels, ignore, segments) by image id."""
        labels = {
            category['id']: classes.index(category['name'])
            for category in self.categories
            if category['name'] in classes
        }
        images = {image['id']: image for image in self.images}
        found: dict[int, list[dict]] = {key: [] for key in images}
        unusable = []
        for annotation in self.annotations:
            if annotation['category_id'] not in labels:
                continue
            if _is_inside(annotation, self.size(images[annotation['image_id']])):
                found[annotation['image_id']].append(annotation)
            else:
                unusable.append(
                    f'{images[annotation["image_id"]]["file_name"]}: box {annotation["bbox"]} '
                    f'(annotation {annotation["id"]})'
                )
        if unusable:
            print_log(
                f'{self.path}: {len(unusable)} object(s) lie outside their image or have no size, and are left '
                f'out: {some(unusable)}',
                'current',
                logging.WARNING,
            )
        if with_masks:
            self._check_masks(found, images)
        return {key: _arrays(annotations, labels) for key, annotations in found.items()}

    def _check_masks(self, found: dict[int, list[dict]], images: dict[int, dict]) -> None:
        if bare := [
            f'{images[key]["file_name"]} (annotation {a["id"]})'
            for key, annotations in found.items()
            for a in annotations
            if not a.get('segmentation')
        ]:
            raise ValueError(
                f"{self.path}: {len(bare)} object(s) have no 'segmentation', but with_masks=True reads "
                f'it: {some(bare)}'
            )


def _is_inside(annotation: dict, size: tuple[int, int] | None) -> bool:
    """Whether some of the box lies in the image."""
    left, top, width, height = annotation['bbox']
    rows, cols = size or (np.inf, np.inf)
    return (
        width > 0
        and height > 0
        and left < cols
        and top < rows
        and left + width > 0
        and top + height > 0
    )


def _arrays(annotations: list[dict], labels: dict[int, int]) -> tuple:
    boxes = np.float32([a['bbox'] for a in annotations]).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return (
        boxes,
        np.array([labels[a['category_id']] for a in annotations], np.int64),
        np.array([bool(a.get('iscrowd', 0)) for a in annotations], bool),
        tuple(a.get('segmentation') for a in annotations),
    )


def rasterize(segment: list | dict, height: int, width: int, path: str) -> np.ndarray:
    """A COCO segmentation, polygons or run lengths, as (H, W) uint8 0/1.

    Raises: ValueError, naming ``path``, for run lengths of another size.
    """
    if isinstance(segment, list):
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(
            mask,
            [np.rint(np.float64(polygon).reshape(-1, 2)).astype(np.int32) for polygon in segment],
            1,
        )
        return mask
    if list(segment['size']) != [height, width]:
        raise ValueError(
            f'{path}: a mask of {segment["size"]} (height, width) on an image of {[height, width]}'
        )
    if isinstance(segment['counts'], list):
        values = np.arange(len(segment['counts'])) % 2
        return np.repeat(values, segment['counts']).astype(np.uint8).reshape(width, height).T
    return _decode(segment, path)


def _decode(segment: dict, path: str) -> np.ndarray:
    try:
        from pycocotools import mask
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'{path}: compressed COCO masks are read with pycocotools, which is not installed; '
            'for detection run `make detection`',
            name='pycocotools',
        ) from error
    return mask.decode(segment)
