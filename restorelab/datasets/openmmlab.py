"""Transforms of MMDetection and mmcv on our samples."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from restorelab.datasets.geometry import image_names
from restorelab.registry import optional_module

ATTEMPTS = 10  # a transform that finds no object in a crop may draw again, this often


def adapted(transform: Callable) -> Callable:
    """``transform``, made to work on our samples if it is one of OpenMMLab's."""
    is_theirs = any(kind.__module__ == 'mmcv.transforms.base' for kind in type(transform).__mro__)
    return OpenMMLabTransform(transform) if is_theirs else transform


class OpenMMLabTransform:
    """A transform of MMDetection or mmcv in our pipeline: ``dict(type='mmdet.RandomFlip', ...)``.

    It sees each image of the sample as ``img``, uint8 in BGR order, with boxes, labels, masks and
    label map by OpenMMLab's names. For each image it draws the same random numbers, from the
    sample's own ``rng``. What it makes of other fields is dropped. Colors that it leaves as float32
    are rounded to 8 bits. Transforms that join several samples (mosaics) do not work here.
    Raises: ValueError that names the sample when the transform refuses it, or when its images
        differ in size afterwards.
    """

    def __init__(self, transform: Callable):
        self.transform = transform

    def __call__(self, results: dict) -> dict:
        names = image_names(results)
        moved = self._move(results, names)
        results = {**results, **from_openmmlab(moved[0])}
        for name, found in zip(names, moved, strict=True):
            results[name] = _to_rgb(found['img'])
        image_names(results)  # raises where they differ in size
        return results

    def _move(self, results: dict, names: list[str]) -> list[dict]:
        """What the transform makes of each image."""
        for _ in range(ATTEMPTS):
            moved = []
            with drawing_from(results['rng']) as restart:
                for name in names:
                    restart()
                    moved.append(self.transform(to_openmmlab(results, name)))
            if None not in moved:
                return moved
        raise ValueError(
            f"sample '{results['key']}' ({results['path']}): {type(self.transform).__name__} finds "
            f'nothing to keep in it, {ATTEMPTS} times'
        )


@contextmanager
def drawing_from(rng: np.random.Generator) -> Iterator[Callable[[], None]]:
    """Let ``random`` and numpy's global generator draw from ``rng`` inside.

    The function that is given starts them again from the same seed.
    """
    before = random.getstate(), np.random.get_state()  # noqa: NPY002 (OpenMMLab draws from it)
    seed = int(rng.integers(2**32))

    def restart() -> None:
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002

    try:
        yield restart
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002


def to_openmmlab(results: dict, name: str) -> dict:
    """The sample with its image ``name`` as OpenMMLab's transforms want it, a deep copy."""
    height, width = size = results[name].shape[:2]
    found = dict(
        img=np.ascontiguousarray(results[name][..., ::-1]),
        img_shape=size,
        ori_shape=size,
        height=height,
        width=width,
        img_path=results['path'],
        img_id=results.get('img_id'),
    )
    if 'boxes' in results:
        boxes = torch.from_numpy(np.array(results['boxes'], np.float32))
        found['gt_bboxes'] = optional_module('mmdet.structures.bbox').HorizontalBoxes(boxes)
        found['gt_bboxes_labels'] = results['labels'].copy()
        found['gt_ignore_flags'] = results['ignore'].copy()
    if 'masks' in results:
        structures = optional_module('mmdet.structures.mask')
        found['gt_masks'] = structures.BitmapMasks(results['masks'].copy(), height, width)
    if 'sem_seg' in results:
        found['gt_seg_map'] = results['sem_seg'].copy()
    return found


def from_openmmlab(found: dict) -> dict:
    """The annotations of a transformed sample by our names."""
    results = {}
    if 'gt_bboxes' in found:
        results['boxes'] = found['gt_bboxes'].numpy()
        results['labels'] = found['gt_bboxes_labels']
        results['ignore'] = found['gt_ignore_flags']
    if 'gt_masks' in found:
        results['masks'] = found['gt_masks'].to_ndarray()
    if 'gt_seg_map' in found:
        results['sem_seg'] = found['gt_seg_map']
    return results


def _to_rgb(image: np.ndarray) -> np.ndarray:
    if image.dtype != np.uint8:
        image = np.rint(image).clip(0, 255).astype(np.uint8)
    return np.ascontiguousarray(image[..., ::-1])
