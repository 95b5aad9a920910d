"""PSNR and SSIM with every choice spelled out, since the papers' numbers differ by these choices.

Images are (B, 3, H, W), RGB, [0, 1]. Scores are one value per image, (B,), in float64.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from restorelab.utils.psnr import psnr
from restorelab.utils.shapes import check_same_shape

__all__ = ['crop_border', 'psnr', 'quantize', 'ssim', 'to_y']

# Window of Wang et al. 2004, section III.C: its side, and the Gaussian's deviation, in pixels.
WINDOW, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2  # for a data range of 1


def quantize(image: Tensor) -> Tensor:
    """Clamped to [0, 1] and rounded to multiples of 1/255, as if written to an 8-bit file.

    Halves are rounded to the even level.
    """
    return (image.double().clamp(0, 1) * 255).round() / 255


def crop_border(image: Tensor, pixels: int) -> Tensor:
    """Without ``pixels`` on each side. Raises ValueError when nothing would be left."""
    if min(image.shape[-2:]) <= 2 * pixels:
        raise ValueError(
            f'image is {image.shape[-2]}x{image.shape[-1]}; cropping {pixels} pixels from each '
            'side leaves nothing. Use a protocol with a smaller crop'
        )
    return image[..., pixels : image.shape[-2] - pixels, pixels : image.shape[-1] - pixels]


def to_y(image: Tensor, rounded: bool = False) -> Tensor:
    """Luma of ITU-R BT.601 in its studio range: (B, 1, H, W), 16/255 to 235/255.

    ``rounded``: to multiples of 1/255, as MATLAB's rgb2ycbcr does for uint8 images.
    """
    red, green, blue = image.double().unbind(dim=1)
    luma = (65.481 * red + 128.553 * green + 24.966 * blue + 16) / 255
    return (quantize(luma) if rounded else luma)[:, None]


def ssim(pred: Tensor, target: Tensor, window: str = 'gaussian') -> Tensor:
    """Structural similarity for a range of 1, the mean over its map and over the channels.

    Args:
        window: where the window lies and how it weighs:

            - ``gaussian``: 11x11, sigma 1.5, only where it fits into the image (Wang et al. 2004;
              BasicSR).
            - ``gaussian_replicate``: the same at every pixel, with replicated edges (DiffUIR, Y).
            - ``gaussian_3d``: 11x11x11 over rows, columns and colors, with replicated edges
              (DiffUIR's under-display set).
            - ``uniform``: 7x7 box with sample covariance, only where it fits (scikit-image's
              default).
    Raises: ValueError for an unknown window, or an image smaller than it.
    """
    check_same_shape(pred, target, 'SSIM')
    if window not in WINDOWS:
        raise ValueError(f"no SSIM window is called '{window}'; known: {sorted(WINDOWS)}")
    blur, size, unbias = WINDOWS[window]
    if min(pred.shape[-2:]) < size:
        raise ValueError(
            f"image is {pred.shape[-2]}x{pred.shape[-1]}; SSIM with the '{window}' window needs at "
            f'least {size}x{size} pixels after cropping'
        )
    x, y = pred.double(), target.double()
    mean_x, mean_y = blur(x), blur(y)
    var_x = unbias * (blur(x * x) - mean_x**2)
    var_y = unbias * (blur(y * y) - mean_y**2)
    cov = unbias * (blur(x * y) - mean_x * mean_y)
    top = (2 * mean_x * mean_y + C1) * (2 * cov + C2)
    return (top / ((mean_x**2 + mean_y**2 + C1) * (var_x + var_y + C2))).mean(dim=(1, 2, 3))


def _gaussian(image: Tensor) -> Tensor:
    offsets = torch.arange(WINDOW, dtype=image.dtype, device=image.device) - WINDOW // 2
    weights = torch.exp(-(offsets**2) / (2 * SIGMA**2))
    return weights / weights.sum()


def _blur_valid(image: Tensor) -> Tensor:
    weights, channels = _gaussian(image), image.shape[1]
    image = F.conv2d(image, weights.view(1, 1, -1, 1).repeat(channels, 1, 1, 1), groups=channels)
    return F.conv2d(image, weights.view(1, 1, 1, -1).repeat(channels, 1, 1, 1), groups=channels)


def _blur_replicate(image: Tensor) -> Tensor:
    return _blur_valid(F.pad(image, (WINDOW // 2,) * 4, mode='replicate'))


def _blur_3d(image: Tensor) -> Tensor:
    weights = _gaussian(image)
    padding = (0, 0, 0, 0) + (WINDOW // 2,) * 2
    volume = F.pad(image[:, None], padding, mode='replicate')  # B 1 C+10 H W
    return _blur_replicate(F.conv3d(volume, weights.view(1, 1, -1, 1, 1))[:, 0])


def _box(image: Tensor) -> Tensor:
    return F.avg_pool2d(image, 7, stride=1)


# blur, smallest side, factor from population to sample covariance
WINDOWS = dict(
    gaussian=(_blur_valid, WINDOW, 1.0),
    gaussian_replicate=(_blur_replicate, 1, 1.0),
    gaussian_3d=(_blur_3d, 1, 1.0),
    uniform=(_box, 7, 49 / 48),
)
