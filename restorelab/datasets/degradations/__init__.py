"""Degradations of clean photographs, by family.

Each is a function ``(image, strengths..., rng) -> image`` without side effects. ``image`` is
(H, W, 3), float32, RGB, [0, 1]; the result has the same shape and type. All random numbers come
from ``rng``. The result is *not* clipped, so that several degradations can be added and quantized
once: ``Degrade`` clips to [0, 1] and rounds to uint8. Lengths and radii are in pixels.
"""

from restorelab.datasets.degradations.basic import (
    clean,
    gaussian_noise,
    jpeg,
    lowlight,
    uneven_darkness,
)
from restorelab.datasets.degradations.blur import (
    defocus_blur,
    disk_kernel,
    motion_blur,
    motion_kernel,
)
from restorelab.datasets.degradations.camera import (
    camera_noise,
    jpeg_twice,
    sensor_noise,
)
from restorelab.datasets.degradations.corruptions import CORRUPTIONS, corruption, resized_corruption
from restorelab.datasets.degradations.weather import depth_haze, haze, rain, snow, soft_rain

__all__ = [
    'CORRUPTIONS',
    'camera_noise',
    'clean',
    'corruption',
    'defocus_blur',
    'depth_haze',
    'disk_kernel',
    'gaussian_noise',
    'haze',
    'jpeg',
    'jpeg_twice',
    'lowlight',
    'motion_blur',
    'motion_kernel',
    'rain',
    'resized_corruption',
    'sensor_noise',
    'snow',
    'soft_rain',
    'uneven_darkness',
]
