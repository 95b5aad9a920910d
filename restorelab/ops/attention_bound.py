"""How far linear attention of DiffUIR is from a constant, at most."""

import math

import torch
from torch import Tensor

from restorelab.ops.once_per_weight import once_per_weight


@torch.no_grad()
def constant_error_bound(
    qkv_weight: Tensor,
    out_weight: Tensor,
    out_bias: Tensor,
    out_gain: Tensor,
    in_gain: Tensor,
    num_heads: int,
    eps: float,
    positions: int,
) -> float:
    """Largest error of any value when ``norm(bias)`` replaces ``norm(W_out attention + bias)``.

    Saves: all of the attention, in exchange for this error. It holds for any image of ``positions``
    pixels N, and falls with N.

    A pixel behind a channel layer norm is ``in_gain * u`` with ``|u| <= sqrt(C)``, and so is a mean
    of pixels. What attention adds to the bias has at most the length
    ``sqrt(C / D) / N * (sum over heads of |W_out W_v diag(in_gain)|)``, in spectral norms. A layer
    norm stretches that by at most ``max |out_gain|`` over the least standard deviation that it can
    meet.
    """
    weights = (qkv_weight, out_weight, out_bias, out_gain, in_gain)
    length, std, stretch = once_per_weight(_measure, *weights, num_heads=num_heads, eps=eps)
    length = length / positions
    smallest = std - length
    if smallest <= 0:
        return math.inf
    return stretch * math.sqrt(in_gain.numel()) * length / smallest


def _measure(
    qkv_weight: Tensor,
    out_weight: Tensor,
    out_bias: Tensor,
    out_gain: Tensor,
    in_gain: Tensor,
    num_heads: int,
    eps: float,
) -> tuple[float, float, float]:
    """(Root mean square of what attention adds, times N; std of the bias; largest gain)."""
    w_v = qkv_weight.flatten(1).chunk(3)[2].unflatten(0, (num_heads, -1))  # H D C
    w_out = out_weight.flatten(1).unflatten(1, (num_heads, -1)).transpose(0, 1)  # H C D
    spectral = torch.linalg.matrix_norm(w_out @ w_v * in_gain.flatten(), ord=2).sum()
    std = torch.sqrt(out_bias.var(correction=0) + eps)
    return float(spectral) / math.sqrt(w_v.shape[1]), float(std), float(out_gain.abs().max())
