"""Pad an image to the multiple of pixels that a network needs. All restorers use this."""

import torch
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


def padded_region(region: Tensor, size: tuple[int, int], multiple: int) -> Tensor:
    """Where a tile lies in its picture, when ``pad_to_multiple`` has padded both.

    Args:
        region: (B, 4), top, left, bottom, right as shares of the picture's height and width.
        size: (H, W) of the tile. Both sizes are those before padding.
    Returns: (B, 4), the same of the padded tile in the padded picture.
    """
    start, end = region.unflatten(1, (2, 2)).unbind(dim=1)
    tile = region.new_tensor(size)
    whole = (tile / (end - start)).round()
    padded_tile, padded_whole = ((sides / multiple).ceil() * multiple for sides in (tile, whole))
    start = start * whole / padded_whole
    return torch.cat([start, start + padded_tile / padded_whole], dim=1)


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
