"""Drawing the images of ``ComposedObjects``."""

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from restorelab.io.images import read_image, to_uint8, write_image

CLASSES = ('disk', 'square', 'triangle', 'star')
NUM_IMAGES = dict(train=600, val=100)
FORMAT = 1  # to be raised when the same options would draw something else
SUBPIXELS = 4


@dataclass
class Shape:
    """A drawn object: its label, what is seen of it (size, size) bool, and its whole area."""

    label: int
    seen: np.ndarray
    area: int


def write_composed_objects(root: Path, photographs: list[Path], info: dict) -> None:
    """Write the images of a split and their json.

    The json appears last, so it stands for a complete set.

    Args:
        root: where ``<split>/`` and ``<split>.json`` are written.
        photographs: backgrounds.
        info: ``split``, ``size`` and ``num_images``; all of it goes into the json.
    """
    split, size = info['split'], info['size']
    backgrounds = [read_image(path) for path in photographs]
    folder = Path(tempfile.mkdtemp(dir=root, prefix=f'.{split}-'))
    images, annotations = [], []
    for number in range(1, info['num_images'] + 1):
        rng = np.random.default_rng([FORMAT, sorted(NUM_IMAGES).index(split), size, number])
        image, shapes = compose(backgrounds, size, rng)
        name = f'{number:05d}.png'
        write_image(folder / name, image)
        images.append(dict(id=number, file_name=name, width=size, height=size))
        for shape in shapes:
            ids = dict(id=len(annotations) + 1, image_id=number)
            annotations.append(dict(ids, iscrowd=0, **_describe(shape)))
    categories = [dict(id=i, name=name) for i, name in enumerate(CLASSES, start=1)]
    content = dict(info=info, images=images, annotations=annotations, categories=categories)
    (folder / 'instances.json').write_text(json.dumps(content), encoding='utf-8')
    (root / f'{split}.json').unlink(missing_ok=True)
    shutil.rmtree(root / split, ignore_errors=True)
    folder.chmod(0o755)
    folder.rename(root / split)
    os.replace(root / split / 'instances.json', root / f'{split}.json')


def _describe(shape: Shape) -> dict:
    """COCO's entries of an object."""
    mask = shape.seen
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = int(cols[0]), int(rows[0])
    width, height = int(cols[-1]) + 1 - left, int(rows[-1]) + 1 - top
    # run lengths down the columns, background first
    changes = np.flatnonzero(np.diff(mask.T.ravel().astype(np.int8), prepend=0)).tolist()
    counts = np.diff([0, *changes, mask.size]).tolist()
    return dict(
        category_id=shape.label + 1,
        bbox=[left, top, width, height],
        area=int(mask.sum()),
        segmentation=dict(size=list(mask.shape), counts=counts),
    )


def compose(
    backgrounds: list[np.ndarray], size: int, rng: np.random.Generator
) -> tuple[np.ndarray, list[Shape]]:
    """One image (size, size, 3), uint8, and its objects. At least half of each can be seen."""
    canvas = _background(backgrounds[rng.integers(len(backgrounds))], size, rng)
    shapes: list[Shape] = []
    for _ in range(rng.integers(2, 7)):
        label = int(rng.integers(len(CLASSES)))
        side = size * rng.uniform(0.14, 0.42)
        center = rng.uniform(0.4 * side, size - 0.4 * side, 2)
        cover = draw_shape(CLASSES[label], size, center, side, rng.uniform(0, 2 * np.pi))
        mask = cover > 0.5
        if any((shape.seen & ~mask).sum() < 0.5 * shape.area for shape in shapes):
            continue  # it would hide too much of an earlier one
        for shape in shapes:
            shape.seen = shape.seen & ~mask
        shapes.append(Shape(label, mask, int(mask.sum())))
        canvas = canvas + cover[..., None] * (_texture(size, side, rng) - canvas)
    return to_uint8(canvas), shapes


def _background(photograph: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """A random part of the photograph, mirrored or not, (size, size, 3) float32 in [0, 1]."""
    height, width = photograph.shape[:2]
    side = int(rng.integers(min(size, height, width), min(height, width, 3 * size) + 1))
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    part = photograph[top : top + side, left : left + side]
    part = part[:, ::-1] if rng.random() < 0.5 else part
    return cv2.resize(np.float32(part) / 255, (size, size), interpolation=cv2.INTER_AREA)


def draw_shape(name: str, size: int, center: np.ndarray, side: float, angle: float) -> np.ndarray:
    """The share of each pixel that a shape covers, (size, size) float32 in [0, 1].

    Args:
        name: one of ``CLASSES``.
        center: (x, y) in pixels.
        side: its diameter in pixels.
        angle: in radians.
    """
    corners = dict(disk=48, square=4, triangle=3, star=10)[name]
    angles = angle + np.arange(corners) * 2 * np.pi / corners
    radii = np.where(np.arange(corners) % 2, 0.45, 1.0) if name == 'star' else np.ones(corners)
    points = center + side / 2 * radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    fine = np.zeros((size * SUBPIXELS, size * SUBPIXELS), np.uint8)
    cv2.fillPoly(fine, [np.rint(points * SUBPIXELS).astype(np.int32)], 255)
    return cv2.resize(fine, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _texture(size: int, side: float, rng: np.random.Generator) -> np.ndarray:
    """Two colors in stripes, checks, a gradient or spots, (size, size, 3) float32 in [0, 1]."""
    first, second = rng.random((2, 3), dtype=np.float32)
    angle, period = rng.uniform(0, np.pi), side * rng.uniform(0.2, 0.5)
    rows, cols = np.mgrid[:size, :size].astype(np.float32)
    along = rows * np.sin(angle) + cols * np.cos(angle)
    across = cols * np.sin(angle) - rows * np.cos(angle)
    kind = rng.integers(4)
    if kind == 0:
        mix = np.sin(2 * np.pi * along / period) > 0
    elif kind == 1:
        mix = (np.sin(2 * np.pi * along / period) > 0) ^ (np.sin(2 * np.pi * across / period) > 0)
    elif kind == 2:
        mix = (along - along.min()) / max(float(np.ptp(along)), 1e-6)
    else:
        grain = rng.random((size, size), dtype=np.float32)
        mix = cv2.GaussianBlur(grain, (0, 0), max(period / 4, 0.8)) > 0.5
    return first + 0.6 * mix[..., None].astype(np.float32) * (second - first)
