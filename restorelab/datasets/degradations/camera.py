"""What a camera adds: noise of its sensor, and files that were stored more than once."""

import cv2
import numpy as np

from restorelab.datasets.degradations.basic import jpeg
from restorelab.registry import DEGRADATIONS

# Bilinear interpolation of the two kinds of color samples of a Bayer sensor.
SPARSE = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], np.float32) / 4  # red, blue: one in four
DENSE = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]], np.float32) / 4  # green: one in two
DARKEST = 0.02  # below this the slope of the gamma is not followed any more


@DEGRADATIONS.register_module()
def sensor_noise(
    image: np.ndarray, read_noise: float, shot_noise: float, rng: np.random.Generator
) -> np.ndarray:
    """Normal noise of variance ``read_noise^2 + shot_noise^2 * image``, as ``lowlight`` adds it."""
    light = np.maximum(image, 0)
    deviation = np.sqrt(np.float32(read_noise) ** 2 + np.float32(shot_noise) ** 2 * light)
    return image + deviation * rng.standard_normal(image.shape, dtype=np.float32)


@DEGRADATIONS.register_module()
def camera_noise(
    image: np.ndarray,
    read_noise: float,
    shot_noise: float,
    softness: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Noise of a sensor as it looks in the developed picture: in grains, stronger in red and blue.

    It arises in linear light at the pixels of a Bayer sensor. White balance amplifies it,
    demosaicing spreads it over neighbors, the gamma of 2.2 stretches it in the shadows. Only the
    noise takes this way; the picture stays as sharp as it is.

    Args:
        read_noise, shot_noise: as in ``sensor_noise``, in linear light.
        softness: standard deviation in pixels of a further Gaussian, as cameras and small resizes
            smooth the noise.
    Source: the pipeline of Brooks et al., "Unprocessing images for learned raw denoising" (CVPR
        2019), for the noise alone.
    """
    height, width = image.shape[:2]
    light = np.clip(image, 0, 1) ** np.float32(2.2)
    gains = np.array([rng.uniform(1.5, 2.4), 1, rng.uniform(1.4, 2.0)], np.float32)
    raw = light / gains
    deviation = np.sqrt(np.float32(read_noise) ** 2 + np.float32(shot_noise) ** 2 * raw)
    noise = deviation * gains * rng.standard_normal(image.shape, dtype=np.float32)
    rows, cols = np.mgrid[:height, :width]
    rows, cols = rows + rng.integers(2), cols + rng.integers(2)
    at_red, at_blue = (rows % 2 == 0) & (cols % 2 == 0), (rows % 2 == 1) & (cols % 2 == 1)
    kinds = ((at_red, SPARSE), (~at_red & ~at_blue, DENSE), (at_blue, SPARSE))
    planes = []
    for channel, (here, kernel) in enumerate(kinds):
        planes.append(cv2.filter2D(noise[..., channel] * here, -1, kernel))
    spread = np.stack(planes, axis=-1)
    if softness > 0.3:
        spread = cv2.GaussianBlur(spread, (0, 0), softness)
    slope = np.maximum(light, np.float32(DARKEST)) ** np.float32(1 / 2.2 - 1) / np.float32(2.2)
    return image + spread * slope


@DEGRADATIONS.register_module()
def jpeg_twice(
    image: np.ndarray, first: float, second: float, rng: np.random.Generator
) -> np.ndarray:
    """Stored as JPEG, cut by a few pixels, and stored again: two grids of blocks.

    Args:
        first, second: the qualities, 1 to 100.
    """
    height, width = image.shape[:2]
    top, left = rng.integers(8, size=2)
    padded = np.pad(image, ((top, 0), (left, 0), (0, 0)), mode='edge')
    return jpeg(jpeg(padded, first, rng)[top : top + height, left : left + width], second, rng)
