"""Noise, low light and compression."""

import cv2
import numpy as np

from restorelab.io.images import to_uint8
from restorelab.registry import DEGRADATIONS


@DEGRADATIONS.register_module()
def clean(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The image itself, for mixtures in which some inputs need no restoration."""
    return image


@DEGRADATIONS.register_module()
def gaussian_noise(image: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """``image + n`` with n ~ N(0, sigma^2), independent for each value.

    ``sigma`` is in units of [0, 1]: 25 / 255 for "noise 25".
    """
    return image + np.float32(sigma) * rng.standard_normal(image.shape, dtype=np.float32)


@DEGRADATIONS.register_module()
def lowlight(
    image: np.ndarray,
    gamma: float,
    gain: float,
    read_noise: float,
    shot_noise: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Under-exposure ``L = gain * image^gamma``, and then noise of the sensor.

    The variance of the noise is ``read_noise^2 + shot_noise^2 * L``.
    Source: gain and gamma after Lv, Li, Lu, "Attention guided low-light image enhancement" (arXiv
        1908.00682, eq. 1). The noise is the usual Poisson-Gaussian model of a sensor (Foi et al.
        2008), with a normal distribution for the Poisson part.
    """
    dark = np.float32(gain) * np.maximum(image, 0) ** np.float32(gamma)
    deviation = np.sqrt(np.float32(read_noise) ** 2 + np.float32(shot_noise) ** 2 * dark)
    return dark + deviation * rng.standard_normal(image.shape, dtype=np.float32)


@DEGRADATIONS.register_module()
def uneven_darkness(
    image: np.ndarray, gamma: float, gain: float, evenness: float, rng: np.random.Generator
) -> np.ndarray:
    """``lowlight`` without noise whose gain falls off smoothly over the picture.

    Args:
        gamma, gain: as in ``lowlight``; the gain is that of the brightest place.
        evenness: the gain of the darkest place divided by that of the brightest, in (0, 1].
    """
    height, width = image.shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    rows, cols = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)
    if rng.random() < 0.5:
        place = np.sin(angle) * rows + np.cos(angle) * cols
    else:
        down, right = rng.uniform(-0.7, 0.7, 2)
        place = np.hypot(rows - down, cols - right)
    place = (place - place.min()) / max(np.ptp(place), 1e-6)
    field = np.float32(gain) * (1 - (1 - np.float32(evenness)) * place[..., None])
    return (field * np.maximum(image, 0) ** np.float32(gamma)).astype(np.float32)


@DEGRADATIONS.register_module()
def jpeg(image: np.ndarray, quality: float, rng: np.random.Generator) -> np.ndarray:
    """The image after it was stored as a JPEG file. No random draws.

    ``quality`` is 1 to 100 with libjpeg's tables, chroma is 4:2:0.
    """
    levels = to_uint8(image[..., ::-1])
    _, data = cv2.imencode('.jpg', levels, [cv2.IMWRITE_JPEG_QUALITY, round(quality)])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1].astype(np.float32) / 255
