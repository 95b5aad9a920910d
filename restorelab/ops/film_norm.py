"""Feature-wise modulation (FiLM) inside the norm before it."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def film_norm(x: Tensor, norm: nn.Module, scale: Tensor, shift: Tensor) -> Tensor:
    """``norm(x) * (scale + 1) + shift``: (B, C, H, W) -> the same.

    Saves: a pass over the features. For one image behind a group norm, scale and shift join the
    gain and the bias of the norm. Otherwise product and sum are one operation.

    Exact: always, up to rounding.

    Args:
        norm: any norm of (B, C, H, W).  scale, shift: (B, C, 1, 1).
    """
    if len(x) > 1 or not isinstance(norm, nn.GroupNorm):
        return torch.addcmul(shift, norm(x), scale + 1)
    scale, shift = scale.flatten() + 1, shift.flatten()
    gain, bias = norm.weight * scale, torch.addcmul(shift, norm.bias, scale)
    return F.group_norm(x, norm.num_groups, gain, bias, norm.eps)
