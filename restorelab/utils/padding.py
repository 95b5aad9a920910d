"""Pad an image to the multiple of pixels that a network needs. All restorers use this."""

import torch.nn.functional as F
from torch import Tensor


def pad_to_multiple(image: Tensor, multiple: int, mode: str = 'reflect') -> Tensor:
    """Pad (B, C, H, W) at the right and the bottom until both sides are multiples of ``multiple``.

    The new pixels mirror the image. With ``mode='replicate'`` they repeat its edge, and also where
    a side is not longer than its padding and so cannot be mirrored.
    """
    height, width = image.shape[-2:]
    right, bottom = -width % multiple, -height % multiple
    if not right and not bottom:
        return image
    if mode == 'reflect' and right < width and bottom < height:
        return F.pad(image, (0, right, 0, bottom), mode='reflect')
    return F.pad(image, (0, right, 0, bottom), mode='replicate')


def check_size(image: Tensor, multiple: int) -> None:
    """Raise ValueError unless both sides of (B, C, H, W) are multiples of ``multiple``."""
    height, width = image.shape[-2:]
    if height % multiple or width % multiple:
        raise ValueError(
            f'image is {height}x{width}; both sides must be multiples of {multiple}. '
            'Pad first (restorelab.utils.pad_to_multiple).'
        )


def resize(image: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, C, H, W) at ``size`` (H, W): bicubic, no antialiasing. Unchanged if it has that size."""
    if tuple(image.shape[-2:]) == tuple(size):
        return image
    return F.interpolate(image, size, mode='bicubic', align_corners=False)
