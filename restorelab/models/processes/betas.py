"""Schedules of beta, the noise that each step of a variance-preserving process adds."""

from collections.abc import Callable

import torch
from torch import Tensor


def linear_betas(first: float, last: float, steps: int) -> Tensor:
    """From DDPM (arXiv 2006.11239), (steps,)."""
    return torch.linspace(first, last, steps)


def scaled_linear_betas(first: float, last: float, steps: int) -> Tensor:
    """Squares of a linear ramp, the schedule of Stable Diffusion, (steps,)."""
    return torch.linspace(first**0.5, last**0.5, steps) ** 2


BETAS: dict[str, Callable[[float, float, int], Tensor]] = dict(
    linear=linear_betas, scaled_linear=scaled_linear_betas
)
