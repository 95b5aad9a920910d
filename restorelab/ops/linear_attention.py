"""Linear attention without its values, in pieces that fit into a cache."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from restorelab.utils.picture_statistics import over_picture, picture_positions

MAX_LOGIT = 40.0  # sums of e^40 over an image, and e^-40, are far from the ends of float32
PIECE = 2048  # positions


def linear_attention(
    x: Tensor,
    qkv_weight: Tensor,
    out_weight: Tensor,
    out_bias: Tensor,
    num_heads: int,
    bounded: bool = False,
) -> Tensor:
    """What ``LinearAttention`` computes before its last norm: (B, C, H, W) -> (B, C_out, H, W).

    Saves: time and memory. Values are never made. For each head ``k v^T = (k x^T) Wv^T``, and the
    output projection is applied to that small matrix before it meets ``q``. Both softmaxes run over
    pieces of the image, so no feature of 3 * heads * D channels exists at any time. They are powers
    of two, which are several times faster to compute than powers of e.

    Exact: always, up to rounding. It computes in float32 also under autocast, because the 1/N on
    the values is subnormal in float16.

    Args:
        qkv_weight: (3 heads D, C, 1, 1).  out_weight: (C_out, heads D, 1, 1).  out_bias: (C_out,).
        bounded: no query and no key exceeds ``MAX_LOGIT``, see ``largest_logit``. Then the
            softmaxes do without the subtraction of the largest entry, and the keys are read once
            less.
    """
    rows = x.float().permute(0, 2, 3, 1).flatten(1, 2)  # B N C, a view when x is channels-last
    pieces = rows.split(PIECE, dim=1)
    with torch.autocast(x.device.type, enabled=False):
        w_q, w_k, w_v = qkv_weight.float().flatten(1).chunk(3)
        heads = (num_heads, len(w_q) // num_heads)
        means = over_picture('means', means_by_softmax(pieces, w_k, bounded))
        means = means.unflatten(1, heads)  # B H D C
        context = means @ w_v.unflatten(0, heads).mT  # B H D E
        w_out = out_weight.float().flatten(1).unflatten(1, heads).permute(1, 2, 0)  # H E C
        mix = (context @ w_out).flatten(1, 2)  # B HD C
        mix = mix * (heads[1] ** -0.5 / picture_positions(rows.shape[1]))
        w_q, bias = w_q * math.log2(math.e), out_bias.float()
        out = [softmax_of_queries(piece, w_q, heads, bounded) @ mix + bias for piece in pieces]
    return torch.cat(out, dim=1).transpose(1, 2).unflatten(2, x.shape[-2:]).to(x.dtype)


def means_by_softmax(pieces: Sequence[Tensor], weight: Tensor, bounded: bool) -> Tensor:
    """Means of x over its positions, weighted by softmax(weight x): one for each row of ``weight``.

    x (B, N, C) comes in pieces along N, ``weight`` is (K, C); the result is (B, K, C).
    """
    weight = weight * math.log2(math.e)
    peak = 0 if bounded else largest_products(pieces, weight)
    total, sums = 0, 0
    for piece in pieces:
        logits = piece @ weight.T  # B n K
        shares = torch.exp2(logits if bounded else logits - peak)
        total = total + shares.sum(dim=1, keepdim=True)
        sums = sums + shares.mT @ piece
    return sums / total.mT


@torch.no_grad()
def largest_products(pieces: Sequence[Tensor], weight: Tensor) -> Tensor:
    """(B, 1, K): the largest product of each row of ``weight`` with any position."""
    peaks = [(piece @ weight.T).amax(dim=1, keepdim=True) for piece in pieces]
    return torch.stack(peaks).amax(dim=0)


def softmax_of_queries(
    piece: Tensor, weight: Tensor, heads: tuple[int, int], bounded: bool
) -> Tensor:
    """softmax over the channels of each head, to the base of 2: (B, n, C) -> (B, n, heads D)."""
    queries = (piece @ weight.T).unflatten(2, heads)
    if not bounded:
        queries = queries - queries.detach().amax(dim=3, keepdim=True)
    shares = torch.exp2(queries)
    return (shares / shares.sum(dim=3, keepdim=True)).flatten(2)


@torch.no_grad()
def largest_logit(qkv_weight: Tensor, gain: Tensor) -> float:
    """No query, key or value is larger, for any input that comes from a channel layer norm.

    Such a pixel is ``gain * u`` with ``|u| <= sqrt(C)``, so its product with a row w of the
    projection is at most ``sqrt(C) |w gain|``.
    """
    lengths = (qkv_weight.float().flatten(1) * gain.float().flatten()).norm(dim=1)
    return float(lengths.max()) * math.sqrt(gain.numel())
