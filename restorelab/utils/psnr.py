"""The one formula of PSNR."""

import torch
from torch import Tensor

from restorelab.utils.shapes import check_same_shape


def psnr_of_error(error: Tensor) -> Tensor:
    """PSNR in dB of mean squared errors, for a peak of 1. An error of 0 gives inf."""
    return -10 * torch.log10(error)


def psnr(pred: Tensor, target: Tensor, floor: float = 0.0) -> Tensor:
    """PSNR in dB over all channels and pixels: (B, C, H, W) twice -> (B,), float64.

    The images are taken as they are: clamp or round them before.

    Args:
        floor: smallest squared error that counts; 1e-8 limits the result to 80 dB.
    Raises: ValueError when the shapes differ.
    """
    check_same_shape(pred, target, 'PSNR')
    error = (pred.double() - target.double()).square().mean(dim=(1, 2, 3))
    return psnr_of_error(error.clamp_min(floor))
