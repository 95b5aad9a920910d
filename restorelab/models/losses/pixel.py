"""Losses between two tensors of one shape, element by element."""

import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.registry import LOSSES


def check_same_shape(pred: Tensor, target: Tensor, who: str) -> None:
    """Raise ValueError where broadcasting would hide a mistake."""
    if pred.shape != target.shape:
        raise ValueError(f'{who}: prediction {tuple(pred.shape)} and target {tuple(target.shape)} differ in shape')


@LOSSES.register_module()
class L1Loss(nn.Module):
    """``weight * mean |pred - target|``, a scalar."""

    def __init__(self, weight: float = 1.0):
        super().__init__()
        self.weight = weight

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        check_same_shape(pred, target, 'L1Loss')
        return self.weight * F.l1_loss(pred, target)


@LOSSES.register_module()
class MSELoss(nn.Module):
    """``weight * mean (pred - target)^2``, a scalar."""

    def __init__(self, weight: float = 1.0):
        super().__init__()
        self.weight = weight

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        check_same_shape(pred, target, 'MSELoss')
        return self.weight * F.mse_loss(pred, target)
