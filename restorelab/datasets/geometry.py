"""Moving a sample's pixels and what is known about them together.

Fields that move, as far as a sample has them: the images ``lq``, ``gt`` and ``rendered`` (H, W, 3), ``sem_seg`` (H, W)
uint8 class ids with 255 for unknown, ``masks`` (N, H, W) uint8 0/1, and ``boxes`` (N, 4) float32 as left, top, right,
bottom in pixels. ``labels`` (N,) and ``ignore`` (N,) stay with their boxes.
"""

import cv2
import numpy as np

IMAGES = ('lq', 'gt', 'rendered')
OBJECTS = ('boxes', 'labels', 'ignore', 'masks')
UNKNOWN = 255


def image_names(results: dict) -> list[str]:
    """Names of the images that are there. Raises ValueError when they differ in size."""
    names = [name for name in IMAGES if name in results]
    shapes = {name: results[name].shape[:2] for name in names}
    if len(set(shapes.values())) > 1:
        raise ValueError(
            f"sample '{results['key']}' ({results['path']}): {' and '.join(names)} differ in size, "
            f'{shapes}; they must show the same pixels (ModCrop may help where only a border was cut off)'
        )
    return names


def image_size(results: dict) -> tuple[int, int]:
    """(H, W) of the sample's images."""
    return results[image_names(results)[0]].shape[:2]


def is_annotated(results: dict) -> bool:
    """Whether there is anything beside images that says what is where."""
    return 'boxes' in results or 'sem_seg' in results


def grow(results: dict, height: int, width: int) -> None:
    """Continue the sample at the right and the bottom to at least this size.

    By reflection (any size, 1x1 too); in black and unknown where there are annotations, which know of no mirror images.
    """
    rows, cols = image_size(results)
    down, right = max(0, height - rows), max(0, width - cols)
    if not down and not right:
        return
    how = dict(mode='constant') if is_annotated(results) else dict(mode='symmetric')
    for name in image_names(results):
        results[name] = np.pad(results[name], ((0, down), (0, right), (0, 0)), **how)
    if 'sem_seg' in results:
        results['sem_seg'] = np.pad(
            results['sem_seg'], ((0, down), (0, right)), constant_values=UNKNOWN
        )
    if 'masks' in results:
        results['masks'] = np.pad(results['masks'], ((0, 0), (0, down), (0, right)))


def crop(results: dict, top: int, left: int, height: int, width: int) -> None:
    """Cut out a window; boxes are clipped to it, and objects of which less than a pixel is left go."""
    window = slice(top, top + height), slice(left, left + width)
    for name in (*image_names(results), *(name for name in ('sem_seg',) if name in results)):
        results[name] = results[name][window]
    if 'masks' in results:
        results['masks'] = results['masks'][:, window[0], window[1]]
    if 'boxes' in results:
        results['boxes'] = results['boxes'] - np.float32([left, top, left, top])
        keep_inside(results, height, width)


def keep_inside(results: dict, height: int, width: int) -> None:
    """Clip boxes to the image and drop the objects that have less than one pixel of width or height in it."""
    boxes = results['boxes'].clip(0, np.float32([width, height, width, height]))
    kept = (boxes[:, 2:] - boxes[:, :2] >= 1).all(axis=1)
    results['boxes'] = boxes
    for name in OBJECTS:
        if name in results:
            results[name] = results[name][kept]


def flip(results: dict, horizontal: bool, vertical: bool) -> None:
    """Mirror left-right, top-down, or both."""
    height, width = image_size(results)
    step = slice(None, None, -1 if vertical else 1), slice(None, None, -1 if horizontal else 1)
    for name in (*image_names(results), *(name for name in ('sem_seg',) if name in results)):
        results[name] = results[name][step]
    if 'masks' in results:
        results['masks'] = results['masks'][:, step[0], step[1]]
    if 'boxes' in results:
        left, top, right, bottom = results['boxes'].T
        if horizontal:
            left, right = width - right, width - left
        if vertical:
            top, bottom = height - bottom, height - top
        results['boxes'] = np.stack([left, top, right, bottom], axis=1)


def transpose(results: dict) -> None:
    """Exchange rows and columns."""
    for name in (*image_names(results), *(name for name in ('sem_seg',) if name in results)):
        results[name] = results[name].swapaxes(0, 1)
    if 'masks' in results:
        results['masks'] = results['masks'].swapaxes(1, 2)
    if 'boxes' in results:
        results['boxes'] = results['boxes'][:, [1, 0, 3, 2]]


def resize(results: dict, height: int, width: int) -> None:
    """Stretch to a size: images by area averaging when they shrink, else bilinear; labels by the nearest pixel."""
    rows, cols = image_size(results)
    how = cv2.INTER_AREA if height < rows or width < cols else cv2.INTER_LINEAR
    for name in image_names(results):
        results[name] = cv2.resize(
            np.ascontiguousarray(results[name]), (width, height), interpolation=how
        )
    if 'sem_seg' in results:
        results['sem_seg'] = _nearest(results['sem_seg'], height, width)
    if 'masks' in results:
        stretched = [_nearest(mask, height, width) for mask in results['masks']]
        results['masks'] = (
            np.stack(stretched) if stretched else np.zeros((0, height, width), np.uint8)
        )
    if 'boxes' in results:
        scale = np.float32([width / cols, height / rows] * 2)
        results['boxes'] = results['boxes'] * scale
        keep_inside(results, height, width)


def _nearest(labels: np.ndarray, height: int, width: int) -> np.ndarray:
    return cv2.resize(
        np.ascontiguousarray(labels), (width, height), interpolation=cv2.INTER_NEAREST
    )
