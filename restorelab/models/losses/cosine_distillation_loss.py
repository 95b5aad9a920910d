"""How far the direction of a vector is from that of a teacher's (TPGDiff)."""

import torch.nn.functional as F
from torch import Tensor

from restorelab.models.contracts import Loss
from restorelab.registry import LOSSES
from restorelab.utils.shapes import check_same_shape


@LOSSES.register_module()
class CosineDistillationLoss(Loss):
    """``weight * mean (1 - cos(pred, target))``: two batches of vectors (B, D) -> scalar.

    Source: TPGDiff (arXiv 2601.20306), the loss of the semantic prior.
    """

    compares = 'vectors (B, D)'

    def __init__(self, weight: float = 1.0):
        super().__init__()
        self.weight = weight

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        check_same_shape(pred, target, 'CosineDistillationLoss')
        return self.weight * (1 - F.cosine_similarity(pred, target, dim=-1)).mean()
