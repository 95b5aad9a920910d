"""The mean absolute error."""

import torch.nn.functional as F
from torch import Tensor

from restorelab.models.contracts import Loss
from restorelab.registry import LOSSES
from restorelab.utils.shapes import check_same_shape


@LOSSES.register_module()
class L1Loss(Loss):
    """``weight * mean |pred - target|``: two tensors (B, ...) -> scalar."""

    def __init__(self, weight: float = 1.0):
        super().__init__()
        self.weight = weight

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        check_same_shape(pred, target, 'L1Loss')
        return self.weight * F.l1_loss(pred, target)
