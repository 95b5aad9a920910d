"""Corruptions in five severities, after ImageNet-C (Hendrycks and Dietterich, arXiv 1903.12261).

The strengths are those that UniRestore trains with, from the `imagecorruptions` package. Blurs act
within a channel. Radii are in pixels and were chosen for images of 224 to 512 pixels. For frost the
original has photographs of ice; here the ice is drawn. Spatter and saturate are left out, since no
method trains with them.
"""

from collections.abc import Callable

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from restorelab.datasets.degradations.basic import gaussian_noise as white_noise
from restorelab.datasets.degradations.basic import jpeg
from restorelab.datasets.degradations.blur import blur, disk_kernel, splat
from restorelab.registry import DEGRADATIONS

LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def shot_noise(image: np.ndarray, rate: float, rng: np.random.Generator) -> np.ndarray:
    """Poisson(rate * image) / rate: ``rate`` photons for white."""
    return (rng.poisson(np.clip(image, 0, 1) * rate) / rate).astype(np.float32)


def impulse_noise(image: np.ndarray, amount: float, rng: np.random.Generator) -> np.ndarray:
    """A share ``amount`` of all values becomes 0 or 1, with equal probability."""
    draws = rng.random(image.shape, dtype=np.float32)
    image = np.where(draws > 1 - amount / 2, np.float32(1), image)
    return np.where(draws < amount / 2, np.float32(0), image)


def speckle_noise(image: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """``image (1 + n)``, n ~ N(0, sigma^2)."""
    return image * (1 + white_noise(np.zeros_like(image), sigma, rng))


def gaussian_blur(image: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian of standard deviation ``sigma`` pixels. No random draws."""
    return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)


def soft_defocus(
    image: np.ndarray, radius: float, sigma: float, rng: np.random.Generator
) -> np.ndarray:
    """Disk of ``radius`` pixels, its rim softened by a Gaussian of ``sigma``. No random draws."""
    kernel = cv2.GaussianBlur(np.pad(disk_kernel(radius), 2), (5, 5), sigma)
    return blur(image, kernel / kernel.sum())


def glass_blur(
    image: np.ndarray, sigma: float, reach: int, passes: int, rng: np.random.Generator
) -> np.ndarray:
    """Blur, exchange pixels with near ones, blur again.

    ``passes`` times every pixel is taken from a random place at most ``reach`` pixels away. Before
    and after that comes a Gaussian of ``sigma`` pixels.
    """
    image = gaussian_blur(image, sigma, rng)
    height, width = image.shape[:2]
    rows, cols = np.mgrid[:height, :width]
    for _ in range(passes):
        down, right = rng.integers(-reach, reach, size=(2, height, width))
        image = image[np.clip(rows + down, 0, height - 1), np.clip(cols + right, 0, width - 1)]
    return gaussian_blur(image, sigma, rng)


def trail(image: np.ndarray, radius: int, sigma: float, angle: float) -> np.ndarray:
    """Drag the image along ``angle`` degrees.

    2 ``radius`` + 1 copies, each a pixel further, are weighted by one side of a Gaussian of
    ``sigma`` pixels.
    """
    steps = np.arange(2 * radius + 1)
    weights = np.exp(-(steps**2) / (2 * sigma**2))
    size = 4 * radius + 3
    center = size // 2
    down, right = np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))
    kernel = 0
    for step, weight in zip(steps, weights, strict=True):
        row, col = np.array([center + step * down]), np.array([center + step * right])
        kernel = kernel + weight * splat(row, col, size)
    return blur(image, (kernel / weights.sum()).astype(np.float32))


def dragged(image: np.ndarray, radius: int, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """``trail`` at an angle drawn from [-45, 45] degrees."""
    return trail(image, radius, sigma, rng.uniform(-45, 45))


def zoom_in(image: np.ndarray, factor: float) -> np.ndarray:
    """The central part, enlarged to the image's size by bilinear interpolation."""
    height, width = image.shape[:2]
    center = ((width - 1) / 2, (height - 1) / 2)
    return cv2.warpAffine(
        image,
        cv2.getRotationMatrix2D(center, 0, factor),
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )


def zoom_blur(image: np.ndarray, end: float, step: float, rng: np.random.Generator) -> np.ndarray:
    """Mean of the image and its enlargements by 1, 1 + step, ... below ``end``. No random draws."""
    factors = np.arange(1, end, step)
    total = image + sum(zoom_in(image, factor) for factor in factors)
    return total / np.float32(len(factors) + 1)


def snowfall(
    image: np.ndarray,
    loc: float,
    scale: float,
    zoom: float,
    threshold: float,
    radius: int,
    sigma: float,
    mix: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Flakes over a whitened scene.

    Flakes are normal noise above a threshold, dragged along a random angle. They are added twice,
    the second time turned upside down.
    """
    flakes = zoom_in(rng.normal(loc, scale, image.shape[:2]).astype(np.float32), zoom)
    flakes = np.where(flakes < threshold, np.float32(0), np.clip(flakes, 0, 1))
    flakes = trail(flakes, radius, sigma, rng.uniform(-135, -45))
    whitened = np.maximum(image, (image @ LUMA)[..., None] * 1.5 + 0.5)
    scene = np.float32(mix) * image + np.float32(1 - mix) * whitened
    return scene + (flakes + flakes[::-1, ::-1])[..., None]


def plasma(size: int, decay: float, rng: np.random.Generator) -> np.ndarray:
    """A periodic diamond-square fractal, (size, size) float32 in [0, 1].

    ``size`` is a power of 2. The random part shrinks by ``decay`` from one scale to the next: 2 is
    smooth, 1.4 rough.
    """
    field = np.zeros((size, size))
    step, wobble = size, 100.0
    while step > 1:
        half = step // 2
        corners = field[::step, ::step]
        sums = corners + np.roll(corners, -1, axis=0)
        sums = sums + np.roll(sums, -1, axis=1)
        field[half::step, half::step] = sums / 4 + wobble * rng.uniform(-1, 1, sums.shape)
        middles = field[half::step, half::step]
        across = corners + np.roll(corners, -1, axis=1) + middles + np.roll(middles, 1, axis=0)
        down = corners + np.roll(corners, -1, axis=0) + middles + np.roll(middles, 1, axis=1)
        field[::step, half::step] = across / 4 + wobble * rng.uniform(-1, 1, across.shape)
        field[half::step, ::step] = down / 4 + wobble * rng.uniform(-1, 1, down.shape)
        step, wobble = half, wobble / decay
    field -= field.min()
    return (field / max(field.max(), 1e-12)).astype(np.float32)


def fog(image: np.ndarray, strength: float, decay: float, rng: np.random.Generator) -> np.ndarray:
    """``(image + strength * plasma) * top / (top + strength)`` with ``top`` the image's maximum."""
    height, width = image.shape[:2]
    size = 1 << (max(height, width) - 1).bit_length()
    top = image.max()
    foggy = image + np.float32(strength) * plasma(size, decay, rng)[:height, :width, None]
    return foggy * (top / (top + strength))


def ice(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Bluish-white needles of ice on black, (height, width, 3) in [0, 1]: ridges of fractals."""
    size = 1 << (max(height, width) - 1).bit_length()
    ridges = 0
    for weight, decay, sharpness in ((0.6, 1.7, 2), (0.4, 1.3, 6)):
        ridge = 1 - np.abs(2 * plasma(size, decay, rng) - 1)
        ridges = ridges + weight * ridge**sharpness
    return ridges[:height, :width, None] * np.array([0.85, 0.95, 1.0], np.float32)


def frost(image: np.ndarray, keep: float, cover: float, rng: np.random.Generator) -> np.ndarray:
    """``keep * image + cover * ice``; the original has photographs of frosted panes as ice."""
    return np.float32(keep) * image + np.float32(cover) * ice(*image.shape[:2], rng)


def brightness(image: np.ndarray, shift: float, rng: np.random.Generator) -> np.ndarray:
    """HSV value + ``shift``, clipped to [0, 1]. No random draws."""
    hsv = cv2.cvtColor(np.clip(image, 0, 1), cv2.COLOR_RGB2HSV)
    hsv[..., 2] = np.clip(hsv[..., 2] + shift, 0, 1)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def contrast(image: np.ndarray, scale: float, rng: np.random.Generator) -> np.ndarray:
    """Distances from each channel's mean, times ``scale``. No random draws."""
    mean = image.mean(axis=(0, 1), keepdims=True)
    return (image - mean) * np.float32(scale) + mean


def elastic_transform(image: np.ndarray, scale: float, rng: np.random.Generator) -> np.ndarray:
    """Warp by smoothed random shifts.

    Shifts are uniform, at most 0.005 of the height. They are smoothed by a Gaussian of 0.01 of each
    side and multiplied by ``scale``.
    """
    height, width = image.shape[:2]

    def shifts() -> np.ndarray:
        draws = rng.uniform(-0.005 * height, 0.005 * height, (height, width)).astype(np.float32)
        smooth = cv2.GaussianBlur(draws, (0, 0), sigmaX=0.01 * width, sigmaY=0.01 * height)
        return smooth * np.float32(scale)

    rows, cols = np.mgrid[:height, :width].astype(np.float32)
    cols, rows = cols + shifts(), rows + shifts()
    return cv2.remap(image, cols, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def pixelate(image: np.ndarray, scale: float, rng: np.random.Generator) -> np.ndarray:
    """Shrink to ``scale`` of the size by averaging, then repeat pixels. No random draws."""
    height, width = image.shape[:2]
    size = (max(1, int(width * scale)), max(1, int(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)


# function, its strengths for severity 1 to 5
CORRUPTIONS: dict[str, tuple[Callable, list[tuple]]] = dict(
    gaussian_noise=(white_noise, [(0.08,), (0.12,), (0.18,), (0.26,), (0.38,)]),
    shot_noise=(shot_noise, [(60,), (25,), (12,), (5,), (3,)]),
    impulse_noise=(impulse_noise, [(0.03,), (0.06,), (0.09,), (0.17,), (0.27,)]),
    speckle_noise=(speckle_noise, [(0.15,), (0.2,), (0.35,), (0.45,), (0.6,)]),
    gaussian_blur=(gaussian_blur, [(1,), (2,), (3,), (4,), (6,)]),
    defocus_blur=(soft_defocus, [(3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)]),
    glass_blur=(glass_blur, [(0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)]),
    motion_blur=(dragged, [(10, 3), (15, 5), (15, 8), (15, 12), (20, 15)]),
    zoom_blur=(
        zoom_blur,
        [(1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)],
    ),
    snow=(
        snowfall,
        [
            (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
            (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
            (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
            (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
            (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
        ],
    ),
    frost=(frost, [(1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)]),
    fog=(fog, [(1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)]),
    brightness=(brightness, [(0.1,), (0.2,), (0.3,), (0.4,), (0.5,)]),
    contrast=(contrast, [(0.4,), (0.3,), (0.2,), (0.1,), (0.05,)]),
    elastic_transform=(elastic_transform, [(12.5,), (16.25,), (21.25,), (25,), (30,)]),
    pixelate=(pixelate, [(0.6,), (0.5,), (0.4,), (0.3,), (0.25,)]),
    jpeg=(jpeg, [(25,), (18,), (15,), (10,), (7,)]),
)


GAUSSIANS = dict(gaussian_blur=1, glass_blur=2)  # how many of them a corruption applies


def mix_channels(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian of ``sigma`` along R, G, B; R and B are repeated beyond their ends."""
    steps = np.arange(-int(4 * sigma + 0.5), int(4 * sigma + 0.5) + 1)
    weights = np.exp(-(steps**2) / (2 * sigma**2))
    mixing = np.zeros((3, 3), np.float32)
    for channel in range(3):
        np.add.at(mixing[channel], np.clip(channel + steps, 0, 2), weights / weights.sum())
    return image @ mixing.T


@DEGRADATIONS.register_module()
def corruption(
    image: np.ndarray,
    name: str,
    severity: int,
    rng: np.random.Generator,
    legacy_channel_blur: bool = False,
) -> np.ndarray:
    """The corruption called ``name`` (a key of ``CORRUPTIONS``).

    Args:
        severity: 1 (mild) to 5 (severe).
        legacy_channel_blur: Gaussians blur across the channels, too, so reds turn brown. This is
            what `imagecorruptions` does with scikit-image 0.22 or later, which no longer guesses
            the axis of the colors.
    Raises: KeyError for an unknown name, ValueError for another severity.
    """
    if name not in CORRUPTIONS:
        raise KeyError(f"no corruption is called '{name}'; there are {sorted(CORRUPTIONS)}")
    if severity not in range(1, 6):
        raise ValueError(f'severity {severity} of {name}; wanted is a whole number from 1 to 5')
    function, all_strengths = CORRUPTIONS[name]
    strengths = all_strengths[severity - 1]
    if legacy_channel_blur:
        for _ in range(GAUSSIANS.get(name, 0)):
            image = mix_channels(image, strengths[0])
    return function(image, *strengths, rng)


@DEGRADATIONS.register_module()
def resized_corruption(
    image: np.ndarray,
    name: str,
    severity: int,
    short_side: int,
    rng: np.random.Generator,
    legacy_channel_blur: bool = False,
) -> np.ndarray:
    """``corruption`` at another size.

    The image is resized so that its shorter side has ``short_side`` pixels, corrupted, and resized
    back. So one set of strengths covers a range of scales (UniRestore, arXiv 2501.13134, with sides
    of 128 to 511). The name ``clean`` leaves the image as it is.
    Raises: what ``corruption`` does; ValueError for a side below 1.
    """
    if name == 'clean':
        return image
    if short_side < 1:
        raise ValueError(f'short_side {short_side}; wanted is a whole number of pixels from 1')
    height, width = image.shape[:2]
    scale = short_side / min(height, width)
    resized = _resize(image, max(1, round(height * scale)), max(1, round(width * scale)))
    corrupted = corruption(resized, name, severity, rng, legacy_channel_blur)
    # clipped here, as the picture of 8 bits is between the two steps of the original
    return _resize(np.clip(corrupted, 0, 1), height, width)


def _resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear, antialiased where it shrinks."""
    planes = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1), np.float32))[None]
    planes = F.interpolate(planes, (height, width), mode='bilinear', antialias=True)
    return planes[0].permute(1, 2, 0).numpy()
