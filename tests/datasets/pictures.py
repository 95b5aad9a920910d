"""Pictures for the tests of this folder."""

from pathlib import Path

import numpy as np
from PIL import Image


def scene(height: int = 96, width: int = 96, seed: int = 0) -> np.ndarray:
    """A smooth random picture, (H, W, 3) float32 in [0.1, 0.9]."""
    coarse = np.random.default_rng(seed).random((6, 6, 3))
    rows, cols = np.linspace(0, 4.99, height), np.linspace(0, 4.99, width)
    top, left = rows.astype(int), cols.astype(int)
    down, right = (rows - top)[:, None, None], (cols - left)[None, :, None]
    upper = coarse[top][:, left] * (1 - right) + coarse[top][:, left + 1] * right
    lower = coarse[top + 1][:, left] * (1 - right) + coarse[top + 1][:, left + 1] * right
    return (0.1 + 0.8 * (upper * (1 - down) + lower * down)).astype(np.float32)


def flat(value: float, size: int = 128) -> np.ndarray:
    return np.full((size, size, 3), value, np.float32)


def save(path: Path, size: tuple[int, int] = (24, 20), seed: int = 0) -> Path:
    """Write a picture of ``size`` (H, W) and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((scene(*size, seed=seed) * 255).astype(np.uint8)).save(path)
    return path


def save_all(folder: Path, names: list[str], size: tuple[int, int] = (24, 20)) -> None:
    for seed, name in enumerate(names):
        save(folder / name, size, seed)


def sample(
    lq: np.ndarray | None = None,
    gt: np.ndarray | None = None,
    degradation: str = 'noise',
    seed: int = 0,
) -> dict:
    """A sample as transforms see it."""
    results = dict(key='k', degradation=degradation, path='k.png', rng=np.random.default_rng(seed))
    results.update({name: image for name, image in (('lq', lq), ('gt', gt)) if image is not None})
    results['ori_shape'] = next(image for image in (lq, gt) if image is not None).shape[:2]
    return results
