"""Blocks of Restormer (arXiv 2111.09881) and its heirs: attention between channels, gated feed-forward, resampling.

Letters: B batch, C channels, N = H * W pixels, H heads. All features are (B, C, H, W).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PixelLayerNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel, with gain and bias: (B, C, H, W) -> the same; float32 statistics."""

    def forward(self, x: Tensor) -> Tensor:
        rows = F.layer_norm(
            x.float().permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps
        )
        return rows.permute(0, 3, 1, 2).to(x.dtype)


def attend_channels(query: Tensor, key: Tensor, value: Tensor, temperature: Tensor) -> Tensor:
    """Every channel becomes a mixture of the channels of its head: softmax(temperature * cos(q, k)) v.

    Channels are compared as vectors of N pixels, so the cost is linear in N. The lengths divide the small C/H x C/H
    matrix and not the features, which is the same and needs no copy of them.

    Args:
        query, key, value: (B, C, H, W).  temperature: (H, 1, 1), learned.
    """
    heads = len(temperature)
    q, k, v = (x.flatten(2).unflatten(1, (heads, -1)) for x in (query, key, value))  # B H C/H N
    lengths = [
        torch.linalg.vector_norm(x.float(), dim=-1, keepdim=True).clamp_min(1e-12) for x in (q, k)
    ]
    cosines = (q @ k.transpose(-2, -1)).float() / (lengths[0] * lengths[1].transpose(-2, -1))
    weights = (cosines * temperature).softmax(dim=-1)
    return (weights.to(v.dtype) @ v).reshape(query.shape)


def pointwise_depthwise(channels: int, out_channels: int, bias: bool) -> nn.Sequential:
    """A 1x1 convolution and a 3x3 one of each channel alone."""
    return nn.Sequential(
        nn.Conv2d(channels, out_channels, 1, bias=bias),
        nn.Conv2d(out_channels, out_channels, 3, padding=1, groups=out_channels, bias=bias),
    )


class ChannelAttention(nn.Module):
    """Self-attention between channels (Restormer's MDTA): (B, C, H, W) -> the same, without residual."""

    def __init__(self, channels: int, num_heads: int, bias: bool = True):
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(num_heads, 1, 1))
        self.qkv = pointwise_depthwise(channels, 3 * channels, bias)
        self.project = nn.Conv2d(channels, channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.project(attend_channels(*self.qkv(x).chunk(3, dim=1), self.temperature))


class ChannelCrossAttention(nn.Module):
    """Channels of a guidance ask those of a feature (Perceive-IR's PGCA): two (B, C, H, W) -> one, without residual."""

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
    """``project(gelu(a) * b)`` with [a, b] of width ``int(expansion * C)`` (Restormer's GDFN), without residual."""

    def __init__(self, channels: int, expansion: float = 2.66, bias: bool = True):
        super().__init__()
        hidden = int(expansion * channels)
        self.project_in = pointwise_depthwise(channels, 2 * hidden, bias)
        self.project_out = nn.Conv2d(hidden, channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.project_in(x).chunk(2, dim=1)
        return self.project_out(F.gelu(a) * b)


class TransformerBlock(nn.Module):
    """``x + attention(norm(x))``, then ``x + feed_forward(norm(x))``: (B, C, H, W) -> the same. Takes no guidance."""

    guided = False

    def __init__(self, channels: int, num_heads: int, expansion: float = 2.66, bias: bool = True):
        super().__init__()
        self.norm1 = PixelLayerNorm(channels)
        self.attention = ChannelAttention(channels, num_heads, bias)
        self.norm2 = PixelLayerNorm(channels)
        self.ffn = GatedFeedForward(channels, expansion, bias)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.ffn(self.norm2(x))


class EnhancedBlock(nn.Module):
    """Perceive-IR's decoder block: feature and guidance (B, C, H, W) -> feature.

        c = cross_attention(norm(x), norm(g));  y = g + attention(norm(c));  y + feed_forward(norm(y))

    The residual starts from the guidance: of ``x`` only keys and values enter. The released weights assume it.

    Args:
        self_attention: the second attention, which the release has and the paper's figure has not (``y = g + c``).
    """

    guided = True

    def __init__(
        self,
        channels: int,
        num_heads: int,
        expansion: float = 2.66,
        bias: bool = True,
        self_attention: bool = True,
    ):
        super().__init__()
        self.norm1 = PixelLayerNorm(channels)
        self.guidance_norm = PixelLayerNorm(channels)
        self.attention = ChannelCrossAttention(channels, num_heads, bias)
        if self_attention:
            self.mdta_norm = PixelLayerNorm(channels)
            self.mdta = ChannelAttention(channels, num_heads, bias)
        self.norm2 = PixelLayerNorm(channels)
        self.ffn = GatedFeedForward(channels, expansion, bias)

    def forward(self, x: Tensor, guidance: Tensor) -> Tensor:
        y = self.attention(self.norm1(x), self.guidance_norm(guidance))
        if hasattr(self, 'mdta'):
            y = self.mdta(self.mdta_norm(y))
        y = guidance + y
        return y + self.ffn(self.norm2(y))


def halve(channels: int, bias: bool = True) -> nn.Sequential:
    """(B, C, H, W) -> (B, 2 C, H / 2, W / 2)."""
    return nn.Sequential(
        nn.Conv2d(channels, channels // 2, 3, padding=1, bias=bias), nn.PixelUnshuffle(2)
    )


def double(channels: int, bias: bool = True) -> nn.Sequential:
    """(B, C, H, W) -> (B, C / 2, 2 H, 2 W)."""
    return nn.Sequential(
        nn.Conv2d(channels, 2 * channels, 3, padding=1, bias=bias), nn.PixelShuffle(2)
    )
