"""Losses of the prior stage: what a prior should say about a degraded image."""

import torch.nn.functional as F
from torch import Tensor

from restorelab.models.contracts import Loss
from restorelab.models.losses.pixel import check_same_shape
from restorelab.registry import LOSSES


@LOSSES.register_module()
class CosineDistillationLoss(Loss):
    """``weight * mean (1 - cos(pred, target))`` over the batch of vectors (B, D); TPGDiff's semantic loss."""

    def __init__(self, weight: float = 1.0):
        super().__init__()
        self.weight = weight

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        check_same_shape(pred, target, 'CosineDistillationLoss')
        return self.weight * (1 - F.cosine_similarity(pred, target, dim=-1)).mean()


@LOSSES.register_module()
class LabelSmoothedCrossEntropy(Loss):
    """``weight *`` cross-entropy of logits (B, K) and class ids (B,) with label smoothing (arXiv 1512.00567)."""

    def __init__(self, weight: float = 1.0, smoothing: float = 0.01):
        super().__init__()
        self.weight, self.smoothing = weight, smoothing

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        return self.weight * F.cross_entropy(pred, target, label_smoothing=self.smoothing)
