"""Attention over the pixels of a feature map, as the hourglass networks of DiffUIR and IR-SDE use it.

Letters: B batch, C channels, N = H * W positions, H heads, D width of a head.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.models.layers.caching import VersionedCache
from restorelab.models.layers.norm import ChannelLayerNorm

MAX_LOGIT = 40.0  # sums of e^40 over an image, and e^-40, are far from the ends of float32


class PreNormResidual(nn.Module):
    """``x + fn(norm(x))`` with a channel layer norm; nested names and order are those of the official checkpoints."""

    def __init__(self, channels: int, fn: nn.Module):
        super().__init__()
        self.fn = nn.ModuleDict(dict(fn=fn, norm=ChannelLayerNorm(channels)))

    def forward(self, x: Tensor, *args) -> Tensor:
        return x + self.fn['fn'](self.fn['norm'](x), *args)


def to_rows(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, N, C), a view when x is channels-last."""
    return x.permute(0, 2, 3, 1).flatten(1, 2)


def to_map(rows: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, N, C) -> (B, C, H, W), a channels-last view."""
    return rows.transpose(1, 2).unflatten(2, size)


class LinearAttention(nn.Module):
    """Attention of linear cost (arXiv 1812.01243), with the extra 1/N on the values that DiffUIR and IR-SDE have.

    (B, C, H, W) -> the same. ``k`` is a softmax over positions, so its product with the values is a mean already; the
    further 1/N shrinks what depends on the content almost to nothing. Kept: trained weights expect it.

    The projections are reordered so that values are never made: with ``k`` (D, N) of a head, ``k v^T = (k x^T) Wv^T``,
    and the output projection is applied to that small matrix before it meets ``q``. Both softmaxes go over the
    positions in pieces that fit into a cache, so that memory beside input and output does not grow with the image.
    They are powers of two, which are several times faster to compute than those of e.
    """

    piece = 2048

    def __init__(self, channels: int, num_heads: int = 4, head_dim: int = 32):
        super().__init__()
        self.num_heads, self.head_dim = num_heads, head_dim
        inner = num_heads * head_dim
        self.to_qkv = nn.Conv2d(channels, 3 * inner, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(inner, channels, 1), ChannelLayerNorm(channels))

    def forward(self, x: Tensor, bounded: bool = False) -> Tensor:
        """``bounded``: no query or key exceeds ``MAX_LOGIT``, so that softmaxes need not subtract the largest first."""
        heads = (self.num_heads, self.head_dim)
        rows = to_rows(x.float())
        pieces = rows.split(self.piece, dim=1)
        with torch.autocast(x.device.type, enabled=False):  # the 1/N below is subnormal in float16
            w_q, w_k, w_v = self.to_qkv.weight.float().flatten(1).chunk(3)
            context = (
                means_by_softmax(pieces, w_k, bounded).unflatten(1, heads)
                @ w_v.unflatten(0, heads).mT
            )  # B H D E
            w_out = (
                self.to_out[0].weight.float().flatten(1).unflatten(1, heads).permute(1, 2, 0)
            )  # H E C
            mix = (context @ w_out).flatten(1, 2) * (self.head_dim**-0.5 / rows.shape[1])  # B HD C
            w_q, bias = w_q * math.log2(math.e), self.to_out[0].bias.float()
            out = []
            for piece in pieces:
                queries = (piece @ w_q.T).unflatten(2, heads)
                if not bounded:
                    queries = queries - queries.detach().amax(dim=3, keepdim=True)
                shares = torch.exp2(queries)
                out.append((shares / shares.sum(dim=3, keepdim=True)).flatten(2) @ mix + bias)
            out = torch.cat(out, dim=1)
        return self.to_out[1](to_map(out, x.shape[-2:]).to(x.dtype))


def means_by_softmax(pieces: Sequence[Tensor], weight: Tensor, bounded: bool) -> Tensor:
    """Means of x over its positions by the weights softmax(weight x), one for each row of ``weight`` (K, C).

    (B, N, C) in pieces along N -> (B, K, C). Unless ``bounded``, a pass before finds the largest logits.
    """
    weight = weight * math.log2(math.e)
    peak = 0
    if not bounded:
        with torch.no_grad():
            peak = torch.stack(
                [(piece @ weight.T).amax(dim=1, keepdim=True) for piece in pieces]
            ).amax(dim=0)
    total, sums = 0, 0
    for piece in pieces:
        logits = piece @ weight.T  # B n K
        shares = torch.exp2(logits if bounded else logits - peak)
        total, sums = total + shares.sum(dim=1, keepdim=True), sums + shares.mT @ piece
    return sums / total.mT


class LinearAttentionResidual(PreNormResidual):
    """``x + attention(norm(x))`` with linear attention, or with the constant that it nearly is.

    All that reaches the last norm beside the bias of ``to_out`` is 1/N of a mean of values, so the branch adds about
    ``norm(bias)`` to every pixel (N is the number of pixels).

    Args:
        mode: ``exact``; ``constant`` always adds ``norm(bias)``; ``auto`` does so from the N on at which
            ``error_bound`` is below ``tolerance``.
    Raises: ValueError for another mode.
    """

    tolerance = 5e-3

    def __init__(self, channels: int, mode: str = 'exact'):
        super().__init__(channels, LinearAttention(channels))
        if mode not in ('exact', 'constant', 'auto'):
            raise ValueError(f"linear attention is 'exact', 'constant' or 'auto', not '{mode}'")
        self.mode = mode
        self._bound, self._largest = VersionedCache(), VersionedCache()

    def forward(self, x: Tensor) -> Tensor:
        if self.mode == 'exact' or (
            self.mode == 'auto' and self.error_bound(x[0, 0].numel()) > self.tolerance
        ):
            bounded = not torch.is_grad_enabled() and self.largest_logit() <= MAX_LOGIT
            return x + self.fn['fn'](self.fn['norm'](x), bounded)
        return x + self.constant().to(x.dtype)

    def largest_logit(self) -> float:
        """No query or key of any image is larger: a normed pixel is ``g * u`` with ``|u| <= sqrt(C)``."""
        projection, gain = self.fn['fn'].to_qkv.weight, self.fn['norm'].g

        @torch.no_grad()
        def measure() -> float:
            lengths = (projection.float().flatten(1) * gain.float().flatten()).norm(dim=1)
            return float(lengths.max()) * math.sqrt(gain.numel())

        return self._largest.get([projection, gain], measure)

    def constant(self) -> Tensor:
        """``norm(bias)`` (1, C, 1, 1)."""
        conv, norm = self.fn['fn'].to_out
        return norm(conv.bias.view(1, -1, 1, 1))

    def error_bound(self, positions: int) -> float:
        """Largest change of any value of the branch when its constant replaces it, for any image of N positions.

        A normed pixel is ``g * u`` with ``|u| <= sqrt(C)``, a mean of them too. So what attention adds to the bias has
        at most the length ``sqrt(C / D) / N * sum over heads |W_out W_v diag(g)|`` (spectral norms), and a layer norm
        stretches that by at most ``max |gain|`` over the least standard deviation that it can meet.
        """
        attention, gain = self.fn['fn'], self.fn['norm'].g
        conv, norm = attention.to_out
        weights = (attention.to_qkv.weight, conv.weight, conv.bias, norm.g, gain)
        length, std, stretch = self._bound.get(weights, self._measure)
        length = length / positions
        smallest = std - length
        return math.inf if smallest <= 0 else stretch * math.sqrt(gain.numel()) * length / smallest

    @torch.no_grad()
    def _measure(self) -> tuple[float, float, float]:
        """(root mean square of what attention adds, times N; standard deviation of the bias; gain of the last norm)."""
        attention, gain = self.fn['fn'], self.fn['norm'].g.flatten()
        conv, norm = attention.to_out
        heads = (attention.num_heads, attention.head_dim)
        w_v = attention.to_qkv.weight.flatten(1).chunk(3)[2].unflatten(0, heads)  # H D C
        w_out = conv.weight.flatten(1).unflatten(1, heads).transpose(0, 1)  # H C D
        spectral = torch.linalg.matrix_norm(w_out @ w_v * gain, ord=2).sum()
        std = torch.sqrt(conv.bias.var(correction=0) + norm.eps)
        return (
            float(spectral) / math.sqrt(attention.head_dim),
            float(std),
            float(norm.g.abs().max()),
        )


class FullAttention(nn.Module):
    """Softmax attention over all positions (arXiv 1706.03762): (B, C, H, W) -> the same; memory linear in N."""

    def __init__(self, channels: int, num_heads: int = 4, head_dim: int = 32):
        super().__init__()
        self.num_heads, self.head_dim = num_heads, head_dim
        inner = num_heads * head_dim
        self.to_qkv = nn.Conv2d(channels, 3 * inner, 1, bias=False)
        self.to_out = nn.Conv2d(inner, channels, 1)

    def heads(self, x: Tensor) -> Tensor:
        """Queries, keys and values of x: (3, B, H, N, D)."""
        qkv = F.linear(to_rows(x), self.to_qkv.weight.flatten(1)).unflatten(
            2, (3, self.num_heads, self.head_dim)
        )
        return qkv.permute(2, 0, 3, 1, 4)  # D contiguous: else the fused kernel is not taken

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.heads(x).unbind(0)
        out = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return to_map(F.linear(out, self.to_out.weight.flatten(1), self.to_out.bias), x.shape[-2:])


class TokenAttention(nn.Module):
    """Multi-head attention from tokens (B, N, C) to ``context`` (B, M, E), or to themselves when it is None."""

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
        q, k, v = (
            proj(inp).unflatten(2, (self.num_heads, -1)).transpose(1, 2)
            for proj, inp in ((self.to_q, tokens), (self.to_k, context), (self.to_v, context))
        )
        return self.to_out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class GEGLU(nn.Module):
    """(..., C) -> (..., C_out): ``a * GELU(g)`` with ``[a, g] = proj(x)`` (arXiv 2002.05202)."""

    def __init__(self, channels: int, out_channels: int):
        super().__init__()
        self.proj = nn.Linear(channels, 2 * out_channels)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.proj(x).chunk(2, dim=-1)
        return value * F.gelu(gate)


class TransformerBlock(nn.Module):
    """Self-attention and gated MLP on tokens (B, N, C), each ``y += f(norm(y))``.

    Between the two lies the tap on which a cross-attention adapter sits; the names ``norm1`` and ``norm3`` leave room
    for the ``norm2`` that the official checkpoints keep there.
    """

    def __init__(self, channels: int, num_heads: int, head_dim: int):
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.attn1 = TokenAttention(channels, channels, num_heads, head_dim)
        self.norm3 = nn.LayerNorm(channels)
        self.ff = nn.ModuleDict(
            dict(
                net=nn.Sequential(
                    GEGLU(channels, 4 * channels),
                    nn.Dropout(0.0),
                    nn.Linear(4 * channels, channels),
                )
            )
        )

    def forward(self, tokens: Tensor, tap) -> Tensor:
        tokens = tokens + self.attn1(self.norm1(tokens))
        tokens = tap(tokens)
        return tokens + self.ff['net'](self.norm3(tokens))


class SpatialTransformer(nn.Module):
    """One transformer block over the pixels of (B, C, H, W), heads of width 32, with a residual around it.

    C is a multiple of 32. Source: latent diffusion (arXiv 2112.10752) as IR-SDE uses it. ``proj_out`` starts at zero.
    ``tap`` is called with the tokens (B, N, C) between self-attention and MLP.
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
        self.transformer_blocks = nn.ModuleList(
            [TransformerBlock(channels, channels // 32, head_dim=32)]
        )
        self.proj_out = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.proj_out.weight)
        nn.init.zeros_(self.proj_out.bias)

    def forward(self, x: Tensor, tap) -> Tensor:
        tokens = self.proj_in(self.norm(x)).flatten(2).transpose(1, 2)  # B N C
        tokens = self.transformer_blocks[0](tokens, tap)
        return x + self.proj_out(tokens.transpose(1, 2).unflatten(2, x.shape[-2:]))
