"""Blur by a kernel that sums to 1, so that a flat area keeps its brightness."""

import cv2
import numpy as np

from restorelab.registry import DEGRADATIONS


def blur(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Filter every channel with ``kernel`` (k, k), k odd; borders are reflected."""
    return cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT_101)


def splat(rows: np.ndarray, cols: np.ndarray, size: int) -> np.ndarray:
    """Points as a picture (size, size), float32, that sums to 1.

    Each point is divided among its four nearest pixels.
    """
    top, left = np.floor(rows).astype(int), np.floor(cols).astype(int)
    down, right = rows - top, cols - left
    picture = np.zeros((size, size), np.float32)
    for row, col, weight in (
        (top, left, (1 - down) * (1 - right)),
        (top, left + 1, (1 - down) * right),
        (top + 1, left, down * (1 - right)),
        (top + 1, left + 1, down * right),
    ):
        np.add.at(picture, (row, col), weight)
    return picture / picture.sum()


def motion_kernel(length: float, angle: float, bend: float = 0) -> np.ndarray:
    """Path of a point during the exposure, (k, k) float32 with sum 1.

    Args:
        length: of the path, in pixels.
        angle: direction in the middle of the path, in degrees; 0 is horizontal, 90 vertical.
        bend: how far the direction turns along the path, in degrees; 0 is a straight line.
    """
    size = 2 * int(np.ceil(length / 2)) + 3
    points = max(2, int(4 * length) + 1)
    along = np.linspace(-0.5, 0.5, points)
    direction = np.deg2rad(angle + bend * along)
    rows, cols = np.cumsum(np.sin(direction)), np.cumsum(np.cos(direction))
    step = length / (points - 1)
    center = size // 2
    return splat(center - step * (rows - rows.mean()), center + step * (cols - cols.mean()), size)


def disk_kernel(radius: float) -> np.ndarray:
    """The disk that a lens out of focus makes of a point, (k, k) float32 with sum 1.

    Pixels on the rim count by their covered share.
    """
    fine, reach = 5, int(np.ceil(radius))
    inner = (np.arange((2 * reach + 1) * fine) + 0.5) / fine - reach - 0.5
    inside = (inner[:, None] ** 2 + inner**2 <= max(radius, 0.1) ** 2).astype(np.float32)
    covered = inside.reshape(2 * reach + 1, fine, 2 * reach + 1, fine).mean(axis=(1, 3))
    return covered / covered.sum()


@DEGRADATIONS.register_module()
def motion_blur(
    image: np.ndarray, length: float, bend: float, rng: np.random.Generator
) -> np.ndarray:
    """Blur along a circular arc of ``length`` pixels that turns by ``bend`` degrees.

    Its direction is random.
    Source: restorelab; the linear motion kernel of the textbooks, bent, since hands do not shake
        along straight lines.
    """
    return blur(image, motion_kernel(length, angle=rng.uniform(0, 180), bend=bend))


@DEGRADATIONS.register_module()
def defocus_blur(image: np.ndarray, radius: float, rng: np.random.Generator) -> np.ndarray:
    """Blur by a disk of ``radius`` pixels (geometric optics, circular aperture), without draws."""
    return blur(image, disk_kernel(radius))
