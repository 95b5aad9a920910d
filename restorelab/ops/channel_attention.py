"""Attention between channels that scales the small matrix instead of the features."""

import torch
from torch import Tensor

from restorelab.utils.picture_statistics import over_picture


def attend_channels(query: Tensor, key: Tensor, value: Tensor, temperature: Tensor) -> Tensor:
    """softmax(temperature * cos(q, k)) v of the channels of each head: (B, C, H, W) -> the same.

    Saves: two normalized copies of the features. The lengths of the channels divide their C/H x C/H
    products.

    Exact: always, up to rounding. Lengths and softmax are computed in float32 also under autocast.

    Args:
        query, key, value: (B, C, H, W).  temperature: (heads, 1, 1), learned.
    """
    heads = (len(temperature), -1)
    q, k, v = (x.flatten(2).unflatten(1, heads) for x in (query, key, value))  # B H C/H N
    products = over_picture('products', (q @ k.mT).float())
    cosines = products / (_lengths(q) * _lengths(k).mT)
    weights = (cosines * temperature).softmax(dim=-1)
    return (weights.to(v.dtype) @ v).reshape(query.shape)


def _lengths(x: Tensor) -> Tensor:
    lengths = torch.linalg.vector_norm(x.float(), dim=-1, keepdim=True)
    return over_picture('squares', lengths.square()).sqrt().clamp_min(1e-12)
