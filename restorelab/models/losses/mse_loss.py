"""The mean squared error."""

import torch.nn.functional as F
from torch import Tensor

from restorelab.models.contracts import Loss
from restorelab.registry import LOSSES
from restorelab.utils.shapes import check_same_shape


@LOSSES.register_module()
class MSELoss(Loss):
    """``weight * mean (pred - target)^2``: two tensors (B, ...) -> scalar."""

    def __init__(self, weight: float = 1.0):
        super().__init__()
        self.weight = weight

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        check_same_shape(pred, target, 'MSELoss')
        return self.weight * F.mse_loss(pred, target)
