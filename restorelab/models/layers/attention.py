"""Softmax attention over the pixels of a feature map, and between tokens.

Letters: B batch, C channels, N = H * W positions, H heads, D width of a head.
"""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.models.layers.norm import ChannelLayerNorm

Tap = Callable[[Tensor], Tensor]  # tokens (B, N, C) -> tokens


class PreNormResidual(nn.Module):
    """``x + fn(norm(x))`` with a channel layer norm: (B, C, H, W) -> the same.

    The nested names ``fn.fn`` and ``fn.norm`` are those of the official checkpoints.
    """

    def __init__(self, channels: int, fn: nn.Module):
        super().__init__()
        self.fn = nn.ModuleDict(dict(fn=fn, norm=ChannelLayerNorm(channels, bias=False)))

    def forward(self, x: Tensor, *args) -> Tensor:
        return x + self.fn['fn'](self.fn['norm'](x), *args)


class FullAttention(nn.Module):
    """Softmax attention over all positions (arXiv 1706.03762): (B, C, H, W) -> the same.

    Memory is linear in N where torch has a fused kernel.
    """

    def __init__(self, channels: int, num_heads: int = 4, head_dim: int = 32):
        super().__init__()
        self.num_heads, self.head_dim = num_heads, head_dim
        inner = num_heads * head_dim
        self.to_qkv = nn.Conv2d(channels, 3 * inner, 1, bias=False)
        self.to_out = nn.Conv2d(inner, channels, 1)

    def heads(self, x: Tensor) -> Tensor:
        """Queries, keys and values of x: (3, B, H, N, D)."""
        rows = x.permute(0, 2, 3, 1).flatten(1, 2)  # B N C
        qkv = F.linear(rows, self.to_qkv.weight.flatten(1))
        qkv = qkv.unflatten(2, (3, self.num_heads, self.head_dim))
        return qkv.permute(2, 0, 3, 1, 4)  # D contiguous: else the fused kernel is not taken

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.heads(x)
        out = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)  # B N HD
        out = F.linear(out, self.to_out.weight.flatten(1), self.to_out.bias)
        return out.transpose(1, 2).unflatten(2, x.shape[-2:])


class TokenAttention(nn.Module):
    """Multi-head attention from tokens (B, N, C) to ``context`` (B, M, E), or to themselves."""

    def __init__(self, channels: int, context_dim: int, num_heads: int, head_dim: int = 32):
        super().__init__()
        self.num_heads = num_heads
        inner = num_heads * head_dim
        self.to_q = nn.Linear(channels, inner, bias=False)
        self.to_k = nn.Linear(context_dim, inner, bias=False)
        self.to_v = nn.Linear(context_dim, inner, bias=False)
        self.to_out = nn.Sequential(nn.Linear(inner, channels))

    def forward(self, tokens: Tensor, context: Tensor | None = None) -> Tensor:
        context = tokens if context is None else context
        q = self.split(self.to_q(tokens))
        k = self.split(self.to_k(context))
        v = self.split(self.to_v(context))
        return self.to_out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))

    def split(self, x: Tensor) -> Tensor:
        """(B, N, HD) -> (B, H, N, D)."""
        return x.unflatten(2, (self.num_heads, -1)).transpose(1, 2)


class GEGLU(nn.Module):
    """(..., C) -> (..., C_out): ``a * GELU(g)`` with ``[a, g] = proj(x)`` (arXiv 2002.05202)."""

    def __init__(self, channels: int, out_channels: int):
        super().__init__()
        self.proj = nn.Linear(channels, 2 * out_channels)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.proj(x).chunk(2, dim=-1)
        return value * F.gelu(gate)


class TokenTransformer(nn.Module):
    """Self-attention and gated MLP on tokens (B, N, C), each ``y += f(norm(y))``.

    Between the two lies the tap for a cross-attention adapter. The official checkpoints keep their
    cross-attention there, behind ``norm2``; hence the names ``norm1`` and ``norm3``.
    """

    def __init__(self, channels: int, num_heads: int, head_dim: int):
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.attn1 = TokenAttention(channels, channels, num_heads, head_dim)
        self.norm3 = nn.LayerNorm(channels)
        net = nn.Sequential(
            GEGLU(channels, 4 * channels), nn.Dropout(0.0), nn.Linear(4 * channels, channels)
        )
        self.ff = nn.ModuleDict(dict(net=net))

    def forward(self, tokens: Tensor, tap: Tap) -> Tensor:
        tokens = tokens + self.attn1(self.norm1(tokens))
        tokens = tap(tokens)
        return tokens + self.ff['net'](self.norm3(tokens))


class SpatialTransformer(nn.Module):
    """One transformer over the pixels of (B, C, H, W), heads of width 32, with a residual.

    Source: latent diffusion (arXiv 2112.10752) as IR-SDE uses it. ``proj_out`` starts at zero.
    ``tap`` is called with the tokens (B, N, C) between self-attention and MLP.
    Raises: ValueError unless C is a multiple of 32.
    """

    def __init__(self, channels: int):
        super().__init__()
        if channels % 32:
            raise ValueError(
                f'a transformer level needs a multiple of 32 channels, not {channels}; '
                'change width or channel_mults, or choose another attention for that level'
            )
        self.norm = nn.GroupNorm(32, channels, eps=1e-6)
        self.proj_in = nn.Conv2d(channels, channels, 1)
        block = TokenTransformer(channels, channels // 32, head_dim=32)
        self.transformer_blocks = nn.ModuleList([block])
        self.proj_out = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.proj_out.weight)
        nn.init.zeros_(self.proj_out.bias)

    def forward(self, x: Tensor, tap: Tap) -> Tensor:
        tokens = self.proj_in(self.norm(x)).flatten(2).transpose(1, 2)  # B N C
        tokens = self.transformer_blocks[0](tokens, tap)
        return x + self.proj_out(tokens.transpose(1, 2).unflatten(2, x.shape[-2:]))
