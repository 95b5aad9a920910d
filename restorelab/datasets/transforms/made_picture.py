"""Pictures that no camera took, so that a restorer learns to leave them alone."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from restorelab.datasets.degradations.weather import smooth_field
from restorelab.io.images import to_uint8
from restorelab.registry import TRANSFORMS

LETTERS = np.array(list('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:;-'))


@TRANSFORMS.register_module()
class MadePicture:
    """Replace ``gt`` by a drawn picture, now and then.

    Drawn are flat and graded areas, pages of text, windows of a screen, shapes, and skies with
    stars. Other pictures are made of the photograph: lit by a few lamps at night, seen from very
    near, in black and white, developed in other tones. A restorer that has only seen daylight
    photographs takes all of these for damaged.

    Args:
        share: probability for a sample.
        degradations: only samples with one of these are replaced; None means all. Under darkness
            and haze nobody can tell a gray area from another, so leave those out.
    """

    def __init__(self, share: float, degradations: Sequence[str] | None = None):
        if not 0 <= share <= 1:
            raise ValueError(f'share={share}; wanted is a probability from 0 to 1')
        self.share = share
        self.degradations = None if degradations is None else set(degradations)

    def __call__(self, results: dict) -> dict:
        rng = results['rng']
        is_drawn = rng.random() < self.share
        if self.degradations is not None and results['degradation'] not in self.degradations:
            return results
        if is_drawn:
            draw: Callable = MAKERS[rng.integers(len(MAKERS))]
            results['gt'] = to_uint8(draw(results['gt'].astype(np.float32) / 255, rng))
        return results


def flat(photograph: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One color, or a slow change between several."""
    height, width = photograph.shape[:2]
    color = rng.random(3) if rng.random() < 0.5 else np.full(3, rng.random())
    picture = np.broadcast_to(color, (height, width, 3))
    if rng.random() < 0.5:
        return picture
    return picture + (smooth_field((height, width), 2, rng)[..., None] - 0.5) * rng.random()


def text(photograph: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lines of letters, dark on light or light on dark."""
    height, width = photograph.shape[:2]
    paper, ink = rng.uniform(0.75, 1), rng.uniform(0, 0.3)
    if rng.random() < 0.3:
        paper, ink = ink, paper
    picture = np.full((height, width, 3), round(255 * paper), np.uint8)
    size = rng.uniform(0.3, 0.9)
    step = max(6, int(30 * size))
    for row in range(int(rng.integers(step)), height + step, step):
        line = ''.join(rng.choice(LETTERS, 40))
        place, color = (int(rng.integers(-20, 5)), row), (round(255 * ink),) * 3
        cv2.putText(picture, line, place, cv2.FONT_HERSHEY_SIMPLEX, size, color, 1, cv2.LINE_AA)
    return picture.astype(np.float32) / 255


def screen(photograph: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Windows of plain colors, the photograph in one of them, and some text."""
    height, width = photograph.shape[:2]
    picture = np.empty((height, width, 3), np.float32)
    picture[:] = rng.random(3)
    for _ in range(int(rng.integers(2, 7))):
        top, left = int(rng.integers(height)), int(rng.integers(width))
        bottom = top + int(rng.integers(4, max(5, height)))
        right = left + int(rng.integers(4, max(5, width)))
        if rng.random() < 0.3:
            picture[top:bottom, left:right] = photograph[top:bottom, left:right]
        else:
            picture[top:bottom, left:right] = rng.random(3) if rng.random() < 0.5 else rng.random()
    if rng.random() < 0.5:
        return picture
    levels = to_uint8(picture)
    place = (0, int(rng.integers(height)))
    line, color = ''.join(rng.choice(LETTERS, 40)), (int(rng.integers(256)),) * 3
    cv2.putText(levels, line, place, cv2.FONT_HERSHEY_PLAIN, 0.8, color, 1, cv2.LINE_AA)
    return levels.astype(np.float32) / 255


def stars(photograph: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A night sky: nearly black, with a faint glow and points of light."""
    height, width = photograph.shape[:2]
    glow = smooth_field((height, width), 3, rng)[..., None] * rng.uniform(0, 0.12)
    picture = glow * rng.uniform(0.5, 1, 3) + rng.uniform(0, 0.05)
    points = np.zeros((height, width), np.float32)
    count = int(rng.integers(2, max(3, height * width // 200)))
    points[rng.integers(height, size=count), rng.integers(width, size=count)] = rng.random(count)
    points = points**2
    halo = cv2.GaussianBlur(points, (0, 0), rng.uniform(0.5, 2))
    halo /= max(float(halo.max()), 1e-6)
    return picture + np.maximum(points, halo)[..., None] * rng.uniform(0.8, 1, 3)


def lamps(photograph: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The photograph at night: dark, but for what a few lamps light, with highlights."""
    height, width = photograph.shape[:2]
    rows, cols = np.mgrid[:height, :width].astype(np.float32)
    light = np.full((height, width), rng.uniform(0.0, 0.15), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        radius = rng.uniform(0.08, 0.4) * max(height, width)
        down, right = rng.random() * height, rng.random() * width
        distance = np.hypot(rows - down, cols - right) / radius
        light += np.exp(-(distance**2)) * rng.uniform(0.5, 1.3)
    color = np.array([1, rng.uniform(0.75, 1), rng.uniform(0.5, 1)], np.float32)
    return photograph ** np.float32(1.3) * light[..., None] * color


def closeup(photograph: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A small part of the photograph, enlarged: smooth, of low contrast, and yet not hazy."""
    height, width = photograph.shape[:2]
    part = rng.uniform(0.15, 0.5)
    rows, cols = max(1, int(part * height)), max(1, int(part * width))
    top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - cols + 1))
    part = photograph[top : top + rows, left : left + cols]
    return cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC)


def toned(photograph: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The photograph, or a part from near, developed in other tones or exposed a little less.

    Less light alone does not crush shadows as darkness does, and many good pictures are like that.
    """
    picture = closeup(photograph, rng) if rng.random() < 0.4 else photograph
    brightest = max(float(np.quantile(picture, 0.999)), 0.05)
    power = rng.uniform(0.6, 1.6) * rng.uniform(0.9, 1.1, 3)
    toned = np.clip(picture / brightest, 0, 1) ** power
    return toned * (rng.uniform(0.45, 1) if rng.random() < 0.5 else 1)


def dark_things(photograph: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Black cloth, a wall in the shade: dark colors whose blacks are not crushed.

    Where light was missing, all shadows fall to nothing. Here the darkest level stays above it.
    """
    picture = closeup(photograph, rng) if rng.random() < 0.7 else photograph
    tones = picture @ np.float32([[0.299], [0.587], [0.114]])
    picture = tones + rng.uniform(0.1, 1) * (picture - tones)
    brightest = max(float(np.quantile(picture, 0.999)), 0.05)
    floor, peak = rng.uniform(0.005, 0.03), rng.uniform(0.15, 0.6)
    return floor + (peak - floor) * np.clip(picture / brightest, 0, 1) ** rng.uniform(0.8, 1.6)


def pale_things(photograph: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A wall, paper, plaster from near: no dark tone anywhere, and yet no haze."""
    picture = closeup(photograph, rng)
    tones = picture @ np.float32([[0.299], [0.587], [0.114]])
    picture = tones + rng.uniform(0, 0.6) * (picture - tones)
    darkest, brightest = np.quantile(picture, [0.001, 0.999])
    floor = rng.uniform(0.2, 0.45)
    span = rng.uniform(0.2, 0.55)
    spread = np.clip((picture - darkest) / max(brightest - darkest, 0.05), 0, 1)
    return floor + span * spread ** rng.uniform(0.7, 2.5)


def gray(photograph: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The photograph, or a part of it from near, in black and white."""
    picture = closeup(photograph, rng) if rng.random() < 0.5 else photograph
    return np.repeat(picture @ np.float32([[0.299], [0.587], [0.114]]), 3, axis=2)


def shapes(photograph: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ellipses and squares of a few levels on black, gray or white: diagrams, scans, games."""
    height, width = photograph.shape[:2]
    ground = int(rng.choice([0, 0, 0, 128, 255]))
    picture = np.full((height, width, 3), ground, np.uint8)
    is_gray = rng.random() < 0.6
    for _ in range(int(rng.integers(2, 12))):
        color = np.full(3, rng.integers(256)) if is_gray else rng.integers(256, size=3)
        color = tuple(int(value) for value in color)
        center = (int(rng.integers(width)), int(rng.integers(height)))
        axes = (int(rng.integers(3, 4 + width // 2)), int(rng.integers(3, 4 + height // 2)))
        if rng.random() < 0.6:
            angle = float(rng.uniform(0, 180))
            cv2.ellipse(picture, center, axes, angle, 0, 360, color, -1, cv2.LINE_AA)
        else:
            corner = (center[0] + axes[0], center[1] + axes[0])
            cv2.rectangle(picture, center, corner, color, -1)
    return picture.astype(np.float32) / 255


# What stands here several times comes more often.
MAKERS = (flat, text, screen, stars, lamps, shapes, closeup, gray)
MAKERS = (*MAKERS, toned, toned, dark_things, dark_things, dark_things, dark_things)
MAKERS = (*MAKERS, pale_things, pale_things)
