"""Linear attention over the pixels of a feature map, as DiffUIR and IR-SDE have it.

Letters: B batch, C channels, N = H * W positions, H heads, D width of a head.
"""

import torch
from torch import Tensor, nn

from restorelab.models.layers.norm import ChannelLayerNorm
from restorelab.ops import (
    MAX_LOGIT,
    constant_error_bound,
    fast_forms,
    largest_logit,
    linear_attention,
    once_per_weight,
)


class LinearAttention(nn.Module):
    """Attention of linear cost (arXiv 1812.01243): (B, C, H, W) -> the same.

    DiffUIR and IR-SDE divide the values by N. ``k`` is a softmax over positions, so its product
    with the values is a mean already, and the division makes what depends on the content very
    small. Trained weights expect it.
    """

    def __init__(self, channels: int, num_heads: int = 4, head_dim: int = 32):
        super().__init__()
        self.num_heads, self.head_dim = num_heads, head_dim
        inner = num_heads * head_dim
        self.to_qkv = nn.Conv2d(channels, 3 * inner, 1, bias=False)
        norm = ChannelLayerNorm(channels, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(inner, channels, 1), norm)

    def forward(self, x: Tensor) -> Tensor:
        heads = (3, self.num_heads, self.head_dim)
        q, k, v = self.to_qkv(x).flatten(2).unflatten(1, heads).unbind(1)  # B H D N
        q = q.softmax(dim=2) * self.head_dim**-0.5
        k = k.softmax(dim=3)
        v = v / v.shape[3]
        context = k @ v.mT  # B H D E
        out = context.mT @ q  # B H E N
        return self.to_out(out.flatten(1, 2).unflatten(2, x.shape[2:]))


class LinearAttentionResidual(nn.Module):
    """``x + attention(norm(x))`` with linear attention, and the constant that it nearly is.

    All that reaches the last norm of the attention beside the bias of ``to_out`` is 1/N of a mean
    of values. So the branch adds about ``norm(bias)`` to every pixel.

    The nested names ``fn.fn`` and ``fn.norm`` are those of the official checkpoints.
    """

    def __init__(self, channels: int):
        super().__init__()
        norm = ChannelLayerNorm(channels, bias=False)
        self.fn = nn.ModuleDict(dict(fn=LinearAttention(channels), norm=norm))

    def exact(self, x: Tensor) -> Tensor:
        """``attention(norm(x))`` (B, C, H, W)."""
        attention, normed = self.fn['fn'], self.fn['norm'](x)
        if not fast_forms():
            return attention(normed)
        conv, norm = attention.to_out
        qkv_weight = attention.to_qkv.weight
        bounded = not torch.is_grad_enabled() and self.largest_logit() <= MAX_LOGIT
        out = linear_attention(
            normed, qkv_weight, conv.weight, conv.bias, attention.num_heads, bounded
        )
        return norm(out)

    def constant(self) -> Tensor:
        """``norm(bias)`` (1, C, 1, 1)."""
        conv, norm = self.fn['fn'].to_out
        return norm(conv.bias.view(1, -1, 1, 1))

    def largest_logit(self) -> float:
        """No query or key of any image is larger."""
        weights = self.fn['fn'].to_qkv.weight, self.fn['norm'].g
        with torch.no_grad():
            return once_per_weight(largest_logit, *weights)

    def error_bound(self, positions: int) -> float:
        """Largest difference of ``exact`` and ``constant`` for any image of N positions."""
        attention = self.fn['fn']
        conv, norm = attention.to_out
        return constant_error_bound(
            attention.to_qkv.weight,
            conv.weight,
            conv.bias,
            norm.g,
            self.fn['norm'].g,
            num_heads=attention.num_heads,
            eps=norm.eps,
            positions=positions,
        )
