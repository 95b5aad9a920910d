"""Normalizations over channels and weights."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.models.layers.caching import VersionedCache


class ChannelLayerNorm(nn.Module):
    """Layer norm over the channels of each pixel, gain ``g`` and no bias: (B, C, H, W) -> the same.

    Statistics are always float32 with eps 1e-5. (The official DiffUIR and TPGDiff code switches to 1e-3 for every
    other dtype, which moves a bf16 restoration by several percent and float32 not at all.)
    """

    eps = 1e-5

    def __init__(self, channels: int):
        super().__init__()
        self.g = nn.Parameter(torch.ones(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        gain = self.g.flatten()
        rows = F.layer_norm(
            x.float().permute(0, 2, 3, 1), (len(gain),), gain, eps=self.eps
        )  # no copy if channels-last
        return rows.permute(0, 3, 1, 2).to(x.dtype)


class WeightStandardizedConv2d(nn.Conv2d):
    """Convolution whose weight has zero mean and unit variance per output channel (arXiv 1903.10520), no gain.

    The standardized weight is constant at inference: it is kept until the weight changes.
    """

    eps = 1e-5

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._standardized = VersionedCache()

    def standardized(self) -> Tensor:
        weight = self.weight
        if torch.is_grad_enabled() and weight.requires_grad:
            return self._standardize(weight)
        return self._standardized.get([weight], lambda: self._standardize(weight))

    def _standardize(self, weight: Tensor) -> Tensor:
        weight = weight.float()
        var, mean = torch.var_mean(weight, dim=(1, 2, 3), correction=0, keepdim=True)
        return (weight - mean) * torch.rsqrt(var + self.eps)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.standardized().to(x.dtype)
        bias = None if self.bias is None else self.bias.to(x.dtype)
        return F.conv2d(x, weight, bias, self.stride, self.padding, self.dilation, self.groups)
