"""The one formula of PSNR."""

import torch
from torch import Tensor


def psnr_of_error(error: Tensor) -> Tensor:
    """PSNR in dB of mean squared errors, for a peak of 1. An error of 0 gives inf."""
    return -10 * torch.log10(error)
