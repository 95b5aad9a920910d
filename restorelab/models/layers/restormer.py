"""Layers of Restormer (arXiv 2111.09881) and of the networks that derive from it.

Attention between channels, gated feed-forward, resampling. All features are (B, C, H, W).
Letters: B batch, C channels, N = H * W pixels, heads.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restorelab import ops


def attend_channels(query: Tensor, key: Tensor, value: Tensor, temperature: Tensor) -> Tensor:
    """Every channel becomes a mixture of the channels of its head, by their cosines.

    Channels are compared as vectors of N pixels, so the cost is linear in N.

    Args:
        query, key, value: (B, C, H, W).  temperature: (heads, 1, 1), learned.
    """
    if ops.fast_forms():
        return ops.attend_channels(query, key, value, temperature)
    heads = (len(temperature), -1)
    q, k, v = (x.flatten(2).unflatten(1, heads) for x in (query, key, value))  # B heads C/heads N
    cosines = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).mT
    weights = (cosines * temperature).softmax(dim=-1)
    return (weights @ v).reshape(query.shape)


def pointwise_depthwise(channels: int, out_channels: int, bias: bool) -> nn.Sequential:
    """A 1x1 convolution and a 3x3 one of each channel alone."""
    return nn.Sequential(
        nn.Conv2d(channels, out_channels, 1, bias=bias),
        nn.Conv2d(out_channels, out_channels, 3, padding=1, groups=out_channels, bias=bias),
    )


class ChannelAttention(nn.Module):
    """Self-attention between channels (Restormer's MDTA): (B, C, H, W) -> the same."""

    def __init__(self, channels: int, num_heads: int, bias: bool = True):
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(num_heads, 1, 1))
        self.qkv = pointwise_depthwise(channels, 3 * channels, bias)
        self.project = nn.Conv2d(channels, channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = self.qkv(x).chunk(3, dim=1)
        return self.project(attend_channels(query, key, value, self.temperature))


class ChannelCrossAttention(nn.Module):
    """Attention from the channels of a guidance to those of a feature (Perceive-IR's PGCA).

    Two (B, C, H, W) -> one.
    """

    def __init__(self, channels: int, num_heads: int, bias: bool = True):
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(num_heads, 1, 1))
        self.q = pointwise_depthwise(channels, channels, bias)
        self.kv = pointwise_depthwise(channels, 2 * channels, bias)
        self.project = nn.Conv2d(channels, channels, 1, bias=bias)

    def forward(self, x: Tensor, guidance: Tensor) -> Tensor:
        key, value = self.kv(x).chunk(2, dim=1)
        return self.project(attend_channels(self.q(guidance), key, value, self.temperature))


class GatedFeedForward(nn.Module):
    """``project(gelu(a) * b)`` (Restormer's GDFN): (B, C, H, W) -> the same.

    a and b have ``int(expansion * C)`` channels each.
    """

    def __init__(self, channels: int, expansion: float = 2.66, bias: bool = True):
        super().__init__()
        hidden = int(expansion * channels)
        self.project_in = pointwise_depthwise(channels, 2 * hidden, bias)
        self.project_out = nn.Conv2d(hidden, channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.project_in(x).chunk(2, dim=1)
        return self.project_out(F.gelu(a) * b)


def downsample(channels: int, bias: bool = True) -> nn.Sequential:
    """(B, C, H, W) -> (B, 2 C, H / 2, W / 2)."""
    conv = nn.Conv2d(channels, channels // 2, 3, padding=1, bias=bias)
    return nn.Sequential(conv, nn.PixelUnshuffle(2))


def upsample(channels: int, bias: bool = True) -> nn.Sequential:
    """(B, C, H, W) -> (B, C / 2, 2 H, 2 W)."""
    conv = nn.Conv2d(channels, 2 * channels, 3, padding=1, bias=bias)
    return nn.Sequential(conv, nn.PixelShuffle(2))
