"""Haze, rain and snow."""

import cv2
import numpy as np

from restorelab.datasets.degradations.blur import motion_kernel
from restorelab.registry import DEGRADATIONS


def smooth_field(shape: tuple[int, int], cells: int, rng: np.random.Generator) -> np.ndarray:
    """A smooth random field, (H, W) float32.

    ``cells + 1`` by ``cells + 1`` uniform numbers in [0, 1], with bicubic interpolation between.
    """
    knots = rng.random((cells + 1, cells + 1), dtype=np.float32)
    return cv2.resize(knots, shape[::-1], interpolation=cv2.INTER_CUBIC)


def depth_field(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A made-up depth map with gentle hills, farther at the top.

    (H, W) float32, with mean 1 and at least 0.2.
    """
    height, width = shape
    rise, tilt = np.float32(rng.uniform(0, 1.2)), np.float32(rng.uniform(-0.4, 0.4))
    slope = rise * (0.5 - _unit(height))[:, None] + tilt * (_unit(width) - 0.5)
    hills = 0.5 * smooth_field(shape, 2, rng) + 0.25 * smooth_field(shape, 5, rng)
    return np.maximum(1 + slope + hills - hills.mean(), np.float32(0.2))


def _unit(count: int) -> np.ndarray:
    """Centers of ``count`` pixels along [0, 1]."""
    return (np.arange(count, dtype=np.float32) + 0.5) / count


@DEGRADATIONS.register_module()
def haze(image: np.ndarray, beta: float, airlight: float, rng: np.random.Generator) -> np.ndarray:
    """Atmospheric scattering: ``I = J t + A (1 - t)`` with transmission ``t = exp(-beta * depth)``.

    ``depth`` is a random smooth field of mean 1 (``depth_field``), so ``exp(-beta)`` is about the
    mean transmission. ``airlight`` A in [0, 1] is the same for the three channels, as in RESIDE.
    Source: Koschmieder's law; Narasimhan and Nayar, "Vision and the atmosphere" (IJCV 2002).
    """
    transmission = np.exp(-np.float32(beta) * depth_field(image.shape[:2], rng))[..., None]
    return image * transmission + np.float32(airlight) * (1 - transmission)


@DEGRADATIONS.register_module()
def depth_haze(
    image: np.ndarray,
    beta: float,
    airlight: float,
    tint: float,
    steepness: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """``haze`` as it hangs over a landscape or a street: far above a horizon, near below it.

    The depth grows like 1 / (distance to the horizon) below it and is constant above, times a
    smooth field. Its mean is 1. Transmission stays at 0.05 or above, so something remains to see.

    Args:
        beta: as in ``haze``.
        airlight: mean of the three channels, in [0, 1].
        tint: largest difference of a channel from that mean.
        steepness: 0 is one depth everywhere; 1 is five times as far at the horizon as at the
            bottom.
    Source: Koschmieder's law with the depth of a ground plane.
    """
    height, width = image.shape[:2]
    horizon = rng.uniform(-0.2, 0.6)
    below = np.clip((_unit(height) - horizon) / (1 - horizon), 0, 1)
    depth = 1 / (0.25 + below)[:, None] * np.ones((1, width), np.float32)
    depth = 1 + np.float32(steepness) * (depth / depth.mean() - 1)
    depth = np.maximum(depth * (0.6 + 0.8 * smooth_field((height, width), 3, rng)), 0.1)
    transmission = np.exp(-np.float32(beta) * (depth / depth.mean())).astype(np.float32)
    transmission = np.maximum(transmission, np.float32(0.05))[..., None]
    light = np.clip(airlight + rng.uniform(-tint, tint, 3), 0, 1).astype(np.float32)
    return image * transmission + light * (1 - transmission)


def scatter(
    shape: tuple[int, int], stamp: np.ndarray, density: float, rng: np.random.Generator
) -> np.ndarray:
    """``stamp`` at random places, (H, W) float32.

    ``stamp`` has peak 1 and odd sides. Each copy gets a random brightness in [0.3, 1]. ``density``
    is the expected number of stamps per pixel. Some lie beyond the border, so that there is no
    seam.
    """
    reach = stamp.shape[0] // 2
    height, width = shape[0] + 2 * reach, shape[1] + 2 * reach
    count = rng.poisson(density * height * width)
    field = np.zeros((height, width), np.float32)
    brightness = rng.uniform(0.3, 1, count)
    field[rng.integers(height, size=count), rng.integers(width, size=count)] = brightness
    drawn = cv2.filter2D(field, -1, stamp, borderType=cv2.BORDER_CONSTANT)
    return drawn[reach : reach + shape[0], reach : reach + shape[1]]


def streak(length: float, width: float, angle: float) -> np.ndarray:
    """Stamp of a falling drop: a line of ``length``, softened to ``width`` pixels, with peak 1."""
    line = np.pad(motion_kernel(length, angle), int(np.ceil(width)))
    if width > 1:
        line = cv2.GaussianBlur(line, (0, 0), width / 2.35)  # 2.35 sigma: width at half height
    return line / line.max()


@DEGRADATIONS.register_module()
def rain(
    image: np.ndarray,
    density: float,
    length: float,
    brightness: float,
    slant: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Bright motion-blurred streaks: ``I = J + S (1 - J)``, ``S`` in [0, brightness].

    Three layers of drops share one direction of fall: from near ones (long, wide, few) to far ones
    (short, thin, many).

    Args:
        density: drops per pixel.
        length: of the nearest streaks, in pixels.
        slant: degrees from the vertical.
    Source: a layer of streaks over the scene as in Garg and Nayar, "Vision and rain" (IJCV 2007),
        blended so that a streak never exceeds white; several layers as in Yang et al., "Deep joint
        rain detection and removal" (CVPR 2017).
    """
    layer = np.zeros(image.shape[:2], np.float32)
    for share, scale, width in ((0.15, 1, 2.2), (0.35, 0.7, 1.4), (0.5, 0.4, 1)):
        stamp = streak(length * scale, width, 90 + slant + rng.normal(0, 2))
        drops = scatter(image.shape[:2], stamp, share * density, rng)
        layer = np.maximum(layer, drops * scale**0.5)
    streaks = np.float32(brightness) * np.minimum(layer, 1)[..., None]
    return image + streaks * (1 - image)


@DEGRADATIONS.register_module()
def soft_rain(
    image: np.ndarray,
    density: float,
    length: float,
    width: float,
    brightness: float,
    slant: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Soft streaks of many brightnesses that add their light: ``I = J + S``.

    Random points are dragged along one direction and smoothed, so streaks taper off at their ends,
    and where they meet they are brighter. Sets such as Rain100 are made like this.

    Args:
        density: points per pixel.
        length, width: of a streak, in pixels.
        brightness: of the 99.5th percentile of the layer.
        slant: degrees from the vertical.
    Source: the layers of Yang et al., "Deep joint rain detection and removal" (CVPR 2017), as they
        look; the way of drawing is ours.
    """
    height, width_of_image = image.shape[:2]
    margin = int(np.ceil(length))
    shape = (height + 2 * margin, width_of_image + 2 * margin)
    count = max(1, int(rng.poisson(density * shape[0] * shape[1])))
    layer = np.zeros(shape, np.float32)
    places = rng.integers(shape[0], size=count), rng.integers(shape[1], size=count)
    layer[places] = rng.random(count, dtype=np.float32) ** 2
    kernel = motion_kernel(length, 90 + slant)
    for _ in range(2):  # twice: the ends taper off
        layer = cv2.filter2D(layer, -1, kernel, borderType=cv2.BORDER_CONSTANT)
    layer = cv2.GaussianBlur(layer, (0, 0), max(width, 0.5) / 2.35)
    layer = layer[margin : margin + height, margin : margin + width_of_image]
    bright = max(float(np.quantile(layer, 0.995)), 1e-6)
    return image + np.float32(brightness) * np.minimum(layer / bright, 1.5)[..., None]


@DEGRADATIONS.register_module()
def snow(
    image: np.ndarray, density: float, size: float, opacity: float, rng: np.random.Generator
) -> np.ndarray:
    """White flakes over the scene: ``I = J (1 - M) + c M``, ``M`` in [0, opacity].

    Three layers of soft flakes: from near ones (large, few, blurred along their fall) to far ones
    (small, many).

    Args:
        density: flakes per pixel.
        size: diameter of the nearest flakes, in pixels.
    Source: the composition of Snow100K (Liu et al., "DesnowNet", TIP 2018) with c = 0.95; our own
        masks.
    """
    angle = 90 + rng.uniform(-40, 40)
    mask = np.zeros(image.shape[:2], np.float32)
    for share, scale in ((0.1, 1), (0.3, 0.6), (0.6, 0.3)):
        diameter = max(1.0, size * scale)
        stamp = streak(rng.uniform(0.3, 1.2) * diameter, diameter, angle)
        mask = np.maximum(mask, scatter(image.shape[:2], stamp, share * density, rng))
    mask = np.float32(opacity) * np.minimum(mask, 1)[..., None]
    return image * (1 - mask) + np.float32(0.95) * mask
