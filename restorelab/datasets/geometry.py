"""Moving the pixels of a sample together with its annotations.

What moves, as far as a sample has it: the images ``lq``, ``gt`` and ``rendered`` (H, W, 3);
``sem_seg`` (H, W), uint8 class numbers with 255 for unknown; ``masks`` (N, H, W), uint8 0 or 1;
``boxes`` (N, 4), float32 left, top, right, bottom in pixels. ``labels`` (N,) and ``ignore`` (N,)
stay with their boxes.
"""

from collections.abc import Iterable

import cv2
import numpy as np
import torch

IMAGES = ('lq', 'gt', 'rendered')
MAPS = (*IMAGES, 'sem_seg')
OBJECTS = ('boxes', 'labels', 'ignore', 'masks')
UNKNOWN = 255


def present(results: dict, names: Iterable[str]) -> list[str]:
    """Those of ``names`` that the sample has."""
    return [name for name in names if name in results]


def image_names(results: dict) -> list[str]:
    """Names of the images that are there. Raises ValueError when they differ in size."""
    names = present(results, IMAGES)
    shapes = {name: results[name].shape[:2] for name in names}
    if len(set(shapes.values())) > 1:
        raise ValueError(
            f"sample '{results['key']}' ({results['path']}): {' and '.join(names)} differ in size, "
            f'{shapes}; they must show the same pixels (ModCrop may help where only a border was '
            'cut off)'
        )
    return names


def image_size(results: dict) -> tuple[int, int]:
    """(H, W) of the sample's images."""
    return results[image_names(results)[0]].shape[:2]


def is_annotated(results: dict) -> bool:
    """Whether anything but images says what is where."""
    return 'boxes' in results or 'sem_seg' in results


def to_tensor(image: np.ndarray) -> torch.Tensor:
    """(H, W, C) -> (C, H, W), a copy."""
    return torch.from_numpy(np.array(image.transpose(2, 0, 1), order='C'))


def grow(results: dict, height: int, width: int) -> None:
    """Continue the sample at the right and the bottom to at least this size.

    Images are reflected, those of one pixel, too. Where there are annotations, which have no
    reflection, images are continued in black and label maps as unknown.
    """
    rows, cols = image_size(results)
    down, right = max(0, height - rows), max(0, width - cols)
    if not down and not right:
        return
    mode = 'constant' if is_annotated(results) else 'symmetric'
    for name in image_names(results):
        results[name] = np.pad(results[name], ((0, down), (0, right), (0, 0)), mode)
    if 'sem_seg' in results:
        padding = ((0, down), (0, right))
        results['sem_seg'] = np.pad(results['sem_seg'], padding, constant_values=UNKNOWN)
    if 'masks' in results:
        results['masks'] = np.pad(results['masks'], ((0, 0), (0, down), (0, right)))


def crop(results: dict, top: int, left: int, height: int, width: int) -> None:
    """Cut out a window. Boxes are clipped to it; objects with less than a pixel in it go."""
    image_names(results)  # raises where they differ in size
    rows, cols = slice(top, top + height), slice(left, left + width)
    for name in present(results, MAPS):
        results[name] = results[name][rows, cols]
    if 'masks' in results:
        results['masks'] = results['masks'][:, rows, cols]
    if 'boxes' in results:
        results['boxes'] = results['boxes'] - np.float32([left, top, left, top])
        keep_inside(results, height, width)


def keep_inside(results: dict, height: int, width: int) -> None:
    """Clip boxes to the image; drop objects with less than a pixel of width or height in it."""
    boxes = results['boxes'].clip(0, np.float32([width, height, width, height]))
    kept = (boxes[:, 2:] - boxes[:, :2] >= 1).all(axis=1)
    results['boxes'] = boxes
    for name in present(results, OBJECTS):
        results[name] = results[name][kept]


def flip(results: dict, horizontal: bool, vertical: bool) -> None:
    """Mirror left-right, top-down, or both."""
    height, width = image_size(results)
    rows = slice(None, None, -1 if vertical else 1)
    cols = slice(None, None, -1 if horizontal else 1)
    for name in present(results, MAPS):
        results[name] = results[name][rows, cols]
    if 'masks' in results:
        results['masks'] = results['masks'][:, rows, cols]
    if 'boxes' in results:
        left, top, right, bottom = results['boxes'].T
        if horizontal:
            left, right = width - right, width - left
        if vertical:
            top, bottom = height - bottom, height - top
        results['boxes'] = np.stack([left, top, right, bottom], axis=1)


def transpose(results: dict) -> None:
    """Exchange rows and columns."""
    image_names(results)  # raises where they differ in size
    for name in present(results, MAPS):
        results[name] = results[name].swapaxes(0, 1)
    if 'masks' in results:
        results['masks'] = results['masks'].swapaxes(1, 2)
    if 'boxes' in results:
        results['boxes'] = results['boxes'][:, [1, 0, 3, 2]]


def resize(results: dict, height: int, width: int) -> None:
    """Stretch to a size.

    Images are averaged over areas when they shrink, and bilinear otherwise. Labels take the nearest
    pixel.
    """
    rows, cols = image_size(results)
    mode = cv2.INTER_AREA if height < rows or width < cols else cv2.INTER_LINEAR
    for name in image_names(results):
        results[name] = _stretch(results[name], height, width, mode)
    if 'sem_seg' in results:
        results['sem_seg'] = _stretch(results['sem_seg'], height, width, cv2.INTER_NEAREST)
    if 'masks' in results:
        stretched = np.zeros((len(results['masks']), height, width), np.uint8)
        for number, mask in enumerate(results['masks']):
            stretched[number] = _stretch(mask, height, width, cv2.INTER_NEAREST)
        results['masks'] = stretched
    if 'boxes' in results:
        scale = np.float32([width / cols, height / rows] * 2)
        results['boxes'] = results['boxes'] * scale
        keep_inside(results, height, width)


def _stretch(image: np.ndarray, height: int, width: int, mode: int) -> np.ndarray:
    return cv2.resize(np.ascontiguousarray(image), (width, height), interpolation=mode)
