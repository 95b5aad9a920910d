"""Embeddings of the diffusion time."""

import math

import torch
from torch import Tensor, nn


class SinusoidalEmbedding(nn.Module):
    """time (B,) -> (B, dim): ``[sin(time f), cos(time f)]``.

    The frequencies are ``f_j = exp(-j ln(10000) / (dim / 2 - 1))``. Source: DDPM (arXiv 2006.11239)
    as used by DiffUIR and IR-SDE, whose divisor is ``dim / 2 - 1``.
    """

    def __init__(self, dim: int):
        super().__init__()
        if dim < 4 or dim % 2:
            raise ValueError(f'a sinusoidal embedding needs an even width of at least 4, not {dim}')
        self.dim = dim

    def forward(self, time: Tensor) -> Tensor:
        half = self.dim // 2
        steps = torch.arange(half, device=time.device)
        angles = time.float()[:, None] * torch.exp(steps * -(math.log(10000) / (half - 1)))
        return torch.cat([angles.sin(), angles.cos()], dim=-1)
