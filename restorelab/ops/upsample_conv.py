"""Nearest upsampling and the 3x3 convolution after it as one transposed convolution."""

import torch
import torch.nn.functional as F
from torch import Tensor

from restorelab.ops.once_per_weight import once_per_weight


def upsample_conv(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """``conv(upsample(x))``, zero padded: (B, C, H, W) -> (B, C_out, 2H, 2W).

    Saves: 5/9 of the multiplications, and the enlarged features. At most four of the nine pixels
    under the kernel differ, so weights that meet the same pixel are summed first.

    Exact: always, up to rounding.

    Args:
        weight: of the convolution (C_out, C, 3, 3).
    """
    kernel = once_per_weight(sum_weights, weight)
    return F.conv_transpose2d(x, kernel, bias, stride=2, padding=1)


def sum_weights(weight: Tensor) -> Tensor:
    """The kernel of the transposed convolution: (C_out, C, 3, 3) -> (C, C_out, 4, 4).

    Output 2i + k - 1 meets input i by those weights d for which (2i + k + d - 2) // 2 = i.
    """
    for dim in (2, 3):
        first, middle, last = weight.unbind(dim)
        weight = torch.stack([last, middle + last, first + middle, first], dim)
    return weight.transpose(0, 1)
