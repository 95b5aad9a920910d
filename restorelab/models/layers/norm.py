"""Normalizations over channels and weights."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.ops import once_per_weight


class ChannelLayerNorm(nn.Module):
    """Layer norm over the channels of each pixel: (B, C, H, W) -> the same.

    Statistics are float32, whatever the dtype of x. (The official DiffUIR and TPGDiff code takes an
    eps of 1e-3 for every dtype but float32, which moves a bf16 restoration by several percent.)

    Args:
        bias: a gain ``weight`` and a ``bias``, both (C,), as Restormer and NAFNet have them. False:
            only a gain, ``g`` (1, C, 1, 1), as DiffUIR and IR-SDE have it.
        eps: added to the variance; NAFNet has 1e-6.
    """

    def __init__(self, channels: int, bias: bool = True, eps: float = 1e-5):
        super().__init__()
        self.eps = eps
        if bias:
            self.weight = nn.Parameter(torch.ones(channels))
            self.bias = nn.Parameter(torch.zeros(channels))
        else:
            self.g = nn.Parameter(torch.ones(1, channels, 1, 1))
            self.bias = None

    def forward(self, x: Tensor) -> Tensor:
        gain = self.g.flatten() if self.bias is None else self.weight
        pixels = x.float().permute(0, 2, 3, 1)  # B H W C, no copy if channels-last
        pixels = F.layer_norm(pixels, gain.shape, gain, self.bias, self.eps)
        return pixels.permute(0, 3, 1, 2).to(x.dtype)


def standardize(weight: Tensor, eps: float = 1e-5) -> Tensor:
    """Zero mean and unit variance for each output channel: (C_out, C, k, k) float32 -> the same."""
    weight = weight.float()
    var, mean = torch.var_mean(weight, dim=(1, 2, 3), correction=0, keepdim=True)
    return (weight - mean) * torch.rsqrt(var + eps)


class WeightStandardizedConv2d(nn.Conv2d):
    """Convolution whose weight is standardized (arXiv 1903.10520), without a gain."""

    def forward(self, x: Tensor) -> Tensor:
        weight = once_per_weight(standardize, self.weight).to(x.dtype)
        bias = None if self.bias is None else self.bias.to(x.dtype)
        return F.conv2d(x, weight, bias, self.stride, self.padding, self.dilation, self.groups)
