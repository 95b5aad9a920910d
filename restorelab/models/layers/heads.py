"""Classifiers on a feature vector."""

import torch.nn.functional as F
from torch import Tensor, nn


class GatedResidualMLP(nn.Module):
    """``f + Linear(drop(a * GELU(g)))``: (B, D) -> (B, D); ``[a, g] = Linear(LayerNorm(f))``."""

    def __init__(self, dim: int, dropout: float = 0.1):
        super().__init__()
        self.ln = nn.LayerNorm(dim)
        self.fc1 = nn.Linear(dim, 8 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)
        self.drop = nn.Dropout(dropout)

    def forward(self, feat: Tensor) -> Tensor:
        value, gate = self.fc1(self.ln(feat)).chunk(2, dim=-1)
        return feat + self.fc2(self.drop(value * F.gelu(gate)))


class ResidualClassifier(nn.Module):
    """Two gated residual blocks and a linear layer: (B, D) -> logits (B, K).

    Source: TPGDiff (arXiv 2601.20306), its degradation head.
    """

    def __init__(self, dim: int, num_classes: int):
        super().__init__()
        self.trunk = nn.Sequential(GatedResidualMLP(dim), GatedResidualMLP(dim))
        self.cls = nn.Linear(dim, num_classes)

    def forward(self, feat: Tensor) -> Tensor:
        return self.cls(self.trunk(feat))
