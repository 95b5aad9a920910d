"""Annotation files in COCO's format."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from mmengine.logging import print_log

from restorelab.datasets.base import some, unique_keys
from restorelab.datasets.coco_faults import coco_faults, run_lengths
from restorelab.datasets.faults import refuse_faults
from restorelab.io.images import ImageReadError, image_size
from restorelab.registry import nearest
from restorelab.utils.files import fault_of_file
from restorelab.utils.json_file import read_json


@dataclass(frozen=True, eq=False)
class Objects:
    """The objects of one image.

    Attributes:
        boxes: (N, 4) float32: left, top, right, bottom in pixels.
        labels: (N,) int64, places in the list of classes.
        ignore: (N,) bool, true for crowds.
        segments: N COCO segmentations; None where the file has none.
    """

    boxes: np.ndarray
    labels: np.ndarray
    ignore: np.ndarray
    segments: tuple

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def of(cls, annotations: list[dict], label_of: dict[int, int]) -> 'Objects':
        """From entries of a COCO json, with the label of each category id."""
        boxes, labels, ignore, segments = [], [], [], []
        for annotation in annotations:
            left, top, width, height = annotation['bbox']
            boxes.append([left, top, left + width, top + height])
            labels.append(label_of[annotation['category_id']])
            ignore.append(annotation.get('iscrowd', 0))
            segments.append(annotation.get('segmentation'))
        return cls(
            boxes=np.array(boxes, np.float32).reshape(-1, 4),
            labels=np.array(labels, np.int64),
            ignore=np.array(ignore, bool),
            segments=tuple(segments),
        )


class CocoFile:
    """The entries of a COCO json, checked. Raises: see ``DetectionDataset``."""

    def __init__(self, path: str | Path):
        self.path = Path(path).expanduser()
        content, repeated = read_json(self.path)
        refuse_faults(f'{self.path}: no sound COCO annotations', (*repeated, *coco_faults(content)))
        self.annotations = content['annotations']
        self.categories = sorted(content['categories'], key=lambda category: category['id'])
        self.images = content['images']
        self.image_of = {image['id']: image for image in self.images}

    def check_classes(self, classes: Sequence[str] | None) -> list[str]:
        """The class names in the order of their labels: all of the file when None.

        Raises: KeyError for one that the file does not have, ValueError for one named twice.
        """
        names = [category['name'] for category in self.categories]
        if classes is None:
            return names
        for name in classes:
            if name not in names:
                raise KeyError(
                    f"{self.path} has no class '{name}'; nearest: {nearest(name, names) or 'none'};"
                    f' all: {names}'
                )
        if len(set(classes)) < len(classes):
            raise ValueError(f'{self.path}: classes={list(classes)}: name each class once')
        return list(classes)

    def check_images(self, images: list[dict], folder: Path, role: str) -> None:
        """Check that ``folder``, named as ``role``, has all ``images`` in the size of the file.

        Raises: FileNotFoundError for missing ones, ValueError for other sizes.
        """
        if not folder.is_dir():
            raise FileNotFoundError(
                f'{folder}: no such folder; {role} is the folder that the file names in '
                f'{self.path} are relative to'
            )
        missing = []
        for image in images:
            fault = fault_of_file(folder / image['file_name'])
            if fault is not None:
                missing.append(f'{image["file_name"]} (image {image["id"]}): {fault}')
        if missing:
            raise FileNotFoundError(
                f'{self.path} annotates {len(missing)} image(s) that are not in {folder}: '
                f'{some(missing)}'
            )
        refuse_faults(
            f'{self.path}: other images than those in {folder}', self._size_faults(images, folder)
        )

    def _size_faults(self, images: list[dict], folder: Path) -> Iterator[str]:
        """Images of another size than the file says. Only their headers are read, in threads."""
        images = [image for image in images if self.size(image) is not None]
        with ThreadPoolExecutor() as pool:
            found = pool.map(_size_of_file, [folder / image['file_name'] for image in images])
            for image, size in zip(images, found, strict=True):
                if size != self.size(image):
                    yield _about_size(image, folder, size)

    def keys(self, images: list[dict]) -> list[str]:
        """Names for output files."""
        return unique_keys(Path(image['file_name']).with_suffix('').as_posix() for image in images)

    @staticmethod
    def size(image: dict) -> tuple[int, int] | None:
        """(H, W), where the file gives it."""
        return (image['height'], image['width']) if 'height' in image and 'width' in image else None

    def objects(self, classes: list[str], with_masks: bool) -> dict[int, Objects]:
        """The objects of ``classes`` by image id. Unusable ones are left out with a warning."""
        label_of = {}
        for category in self.categories:
            if category['name'] in classes:
                label_of[category['id']] = classes.index(category['name'])
        found: dict[int, list[dict]] = {key: [] for key in self.image_of}
        unusable = []
        for annotation in self.annotations:
            image = self.image_of[annotation['image_id']]
            if annotation['category_id'] not in label_of:
                continue
            if _is_inside(annotation['bbox'], self.size(image)):
                found[image['id']].append(annotation)
            else:
                unusable.append(
                    f'{image["file_name"]}: box {annotation["bbox"]} '
                    f'(annotation {annotation["id"]})'
                )
        if unusable:
            print_log(
                f'{self.path}: {len(unusable)} object(s) lie outside their image or have no size, '
                f'and are left out: {some(unusable)}',
                'current',
                logging.WARNING,
            )
        if with_masks:
            self._check_masks(found)
        return {key: Objects.of(annotations, label_of) for key, annotations in found.items()}

    def _check_masks(self, found: dict[int, list[dict]]) -> None:
        bare = []
        for key, annotations in found.items():
            for annotation in annotations:
                if not annotation.get('segmentation'):
                    name = self.image_of[key]['file_name']
                    bare.append(f'{name} (annotation {annotation["id"]})')
        if bare:
            raise ValueError(
                f"{self.path}: {len(bare)} object(s) have no 'segmentation', but with_masks=True "
                f'reads it: {some(bare)}'
            )


def _size_of_file(path: Path) -> tuple[int, int] | str:
    """(H, W), or why the file is no image."""
    try:
        return image_size(path)
    except ImageReadError as error:
        return str(error)


def _about_size(image: dict, folder: Path, found: tuple[int, int] | str) -> str:
    where = f'image id {image["id"]}'
    if isinstance(found, str):
        return f'{where}: {found}'
    return (
        f'{where}: {folder / image["file_name"]}: the annotations are for '
        f'{image["width"]}x{image["height"]} pixels (width x height), the image has '
        f'{found[1]}x{found[0]}, as its EXIF orientation turns it'
    )


def _is_inside(box: list[float], size: tuple[int, int] | None) -> bool:
    """Whether some of the box (left, top, width, height) lies in an image of ``size`` (H, W)."""
    left, top, width, height = box
    rows, cols = size or (np.inf, np.inf)
    has_area = width > 0 and height > 0
    return has_area and left < cols and top < rows and left + width > 0 and top + height > 0


def rasterize(segment: list | dict, height: int, width: int, path: str) -> np.ndarray:
    """A COCO segmentation, polygons or run lengths, as (H, W), uint8 0 or 1.

    Raises: ValueError, naming ``path``, for run lengths of another size.
    """
    if isinstance(segment, list):
        return _fill(segment, height, width)
    if list(segment['size']) != [height, width]:
        raise ValueError(
            f'{path}: a mask of {segment["size"]} (height, width) on an image of {[height, width]}'
        )
    counts = segment['counts']
    if isinstance(counts, str):
        counts = run_lengths(counts)
    values = np.arange(len(counts)) % 2
    return np.repeat(values, counts).astype(np.uint8).reshape(width, height).T


def _fill(polygons: list[list[float]], height: int, width: int) -> np.ndarray:
    mask = np.zeros((height, width), np.uint8)
    corners = []
    for polygon in polygons:
        corners.append(np.rint(np.float64(polygon).reshape(-1, 2)).astype(np.int32))
    cv2.fillPoly(mask, corners, 1)
    return mask
