"""A detection set that needs no download: shapes with known outlines, composed onto photographs that are always there.

Classes are disks, squares, triangles and stars; sizes, turns, colors and textures vary, and objects hide parts of each
other. What is written is a function of the options alone.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
from filelock import FileLock  # comes with torch

from restorelab.datasets.detection import DetectionDataset
from restorelab.datasets.on_the_fly import embedded_images
from restorelab.registry import DATASETS
from restorelab.utils.images import read_image, write_image

CLASSES = ('disk', 'square', 'triangle', 'star')
NUM_IMAGES = dict(train=600, val=100)
FORMAT = 1  # to be raised when the same options would draw something else
SUBPIXELS = 4


@DATASETS.register_module()
class ComposedObjects(DetectionDataset):
    """Shapes on photographs, as PNG files with a COCO json: ``<root>/<split>/*.png``, ``<root>/<split>.json``.

    Written on the first use, and anew when they were written with other options. The photographs of the two splits are
    disjoint (``restorelab.datasets.on_the_fly.EMBEDDED``), and so are their objects.

    Args:
        split: ``train`` or ``val``.
        root: folder to write to.
        size: side of the square images in pixels.
        num_images: how many; None means 600 to train and 100 to score.
        options: ``pipeline``, ``degradations``, ``all_degradations``, ``with_masks``, ``filter_empty``, ``task``, ``seed``,
            ``cache_mib`` of ``DetectionDataset``.
    """

    def __init__(
        self,
        split: str,
        pipeline: Iterable[dict | Callable],
        root: str | Path = 'data/composed_objects',
        size: int = 128,
        num_images: int | None = None,
        degradations: list[str] = ('clean',),
        all_degradations: bool = False,
        with_masks: bool = False,
        filter_empty: bool = False,
        task: str = 'det',
        seed: int = 0,
        cache_mib: float = 1024,
    ):
        photographs = embedded_images(split)
        num_images = NUM_IMAGES[split] if num_images is None else num_images
        root = Path(root).expanduser()
        info = dict(
            description='restorelab composed objects',
            format=FORMAT,
            split=split,
            size=size,
            num_images=num_images,
        )
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / '.lock'):  # other ranks and trainings may want to write the same set
            if not _is_written(root / f'{split}.json', info):
                write_composed_objects(root, photographs, info)
        super().__init__(
            root / f'{split}.json',
            pipeline,
            gt=root / split,
            degradations=degradations,
            all_degradations=all_degradations,
            with_masks=with_masks,
            filter_empty=filter_empty,
            task=task,
            seed=seed,
            cache_mib=cache_mib,
        )


def _is_written(path: Path, info: dict) -> bool:
    """Raises FileExistsError for a file of this name that someone else wrote."""
    if not path.is_file():
        return False
    found = json.loads(path.read_text(encoding='utf-8')).get('info', {})
    if found.get('description') != info['description']:
        raise FileExistsError(
            f'{path} is another annotation file; give ComposedObjects another root'
        )
    return found == info


def write_composed_objects(root: Path, photographs: list[Path], info: dict) -> None:
    """Write ``info['num_images']`` images and their json; the json last, so that it stands for a complete set.

    Args:
        photographs: backgrounds.  info: split, size and num_images, and whatever else the json shall say.
    """
    split, size = info['split'], info['size']
    backgrounds = [read_image(path) for path in photographs]
    folder = Path(tempfile.mkdtemp(dir=root, prefix=f'.{split}-'))
    images, annotations = [], []
    for number in range(1, info['num_images'] + 1):
        rng = np.random.default_rng([FORMAT, sorted(NUM_IMAGES).index(split), size, number])
        image, objects = compose(backgrounds, size, rng)
        name = f'{number:05d}.png'
        write_image(folder / name, image)
        images.append(dict(id=number, file_name=name, width=size, height=size))
        for label, mask in objects:
            annotations.append(
                dict(id=len(annotations) + 1, image_id=number, iscrowd=0, **_describe(label, mask))
            )
    categories = [dict(id=i, name=name) for i, name in enumerate(CLASSES, start=1)]
    (folder / 'instances.json').write_text(
        json.dumps(dict(info=info, images=images, annotations=annotations, categories=categories)),
        encoding='utf-8',
    )
    (root / f'{split}.json').unlink(missing_ok=True)
    shutil.rmtree(root / split, ignore_errors=True)
    folder.chmod(0o755)
    folder.rename(root / split)
    os.replace(root / split / 'instances.json', root / f'{split}.json')


def _describe(label: int, mask: np.ndarray) -> dict:
    """COCO's entries of an object of which ``mask`` (H, W) bool is seen."""
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = int(cols[0]), int(rows[0])
    box = [left, top, int(cols[-1]) + 1 - left, int(rows[-1]) + 1 - top]
    changes = np.flatnonzero(np.diff(mask.T.ravel().astype(np.int8), prepend=0)).tolist()
    counts = np.diff(
        [0, *changes, mask.size]
    ).tolist()  # run lengths down the columns, background first
    return dict(
        category_id=label + 1,
        bbox=box,
        area=int(mask.sum()),
        segmentation=dict(size=list(mask.shape), counts=counts),
    )


def compose(
    backgrounds: list[np.ndarray], size: int, rng: np.random.Generator
) -> tuple[np.ndarray, list[tuple[int, np.ndarray]]]:
    """One image: (size, size, 3) uint8, and (label, visible mask (size, size) bool) of each object.

    Of every object at least half can be seen.
    """
    canvas = _background(backgrounds[rng.integers(len(backgrounds))], size, rng)
    objects: list[tuple[int, np.ndarray, int]] = []  # label, what is seen of it, its whole area
    for _ in range(rng.integers(2, 7)):
        label = int(rng.integers(len(CLASSES)))
        side = size * rng.uniform(0.14, 0.42)
        center = rng.uniform(0.4 * side, size - 0.4 * side, 2)
        cover = draw_shape(CLASSES[label], size, center, side, rng.uniform(0, 2 * np.pi))
        mask = cover > 0.5
        left = [(other, seen & ~mask, area) for other, seen, area in objects]
        if any(seen.sum() < 0.5 * area for _, seen, area in left):
            continue  # would hide too much of an earlier one
        objects = [*left, (label, mask, int(mask.sum()))]
        canvas = canvas + cover[..., None] * (_texture(size, side, rng) - canvas)
    return np.rint(canvas * 255).astype(np.uint8), [(label, seen) for label, seen, _ in objects]


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
        name: one of ``CLASSES``.  center: (x, y) in pixels.  side: its diameter in pixels.  angle: in radians.
    """
    corners = dict(disk=48, square=4, triangle=3, star=10)[name]
    angles = angle + np.arange(corners) * 2 * np.pi / corners
    radii = np.where(np.arange(corners) % 2, 0.45, 1.0) if name == 'star' else np.ones(corners)
    points = center + side / 2 * radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    fine = np.zeros((size * SUBPIXELS, size * SUBPIXELS), np.uint8)
    cv2.fillPoly(fine, [np.rint(points * SUBPIXELS).astype(np.int32)], 255)
    return cv2.resize(fine, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _texture(size: int, side: float, rng: np.random.Generator) -> np.ndarray:
    """Two colors, mixed by stripes, checks, a gradient or spots, (size, size, 3) float32 in [0, 1]."""
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
        mix = (
            cv2.GaussianBlur(
                rng.random((size, size), dtype=np.float32), (0, 0), max(period / 4, 0.8)
            )
            > 0.5
        )
    return first + 0.6 * mix[..., None].astype(np.float32) * (second - first)
