"""Schedules of theta, the speed at which a mean-reverting process drifts to the degraded image."""

import math
from collections.abc import Callable

import torch
from torch import Tensor


def cosine_thetas(steps: int) -> Tensor:
    """The published schedule (IR-SDE), (steps + 1,)."""
    count = steps + 2
    u = torch.linspace(0, count, count + 1)
    alphas = torch.cos(((u / count) + 0.008) / 1.008 * math.pi * 0.5) ** 2
    alphas = alphas / alphas[0]
    return 1 - alphas[1:-1]


def linear_thetas(steps: int) -> Tensor:
    """Rises linearly, (steps + 1,)."""
    scale = 1000 / (steps + 1)
    return torch.linspace(scale * 0.0001, scale * 0.02, steps + 1)


def constant_thetas(steps: int) -> Tensor:
    """One, (steps + 1,)."""
    return torch.ones(steps + 1)


THETAS: dict[str, Callable[[int], Tensor]] = dict(
    cosine=cosine_thetas, linear=linear_thetas, constant=constant_thetas
)
