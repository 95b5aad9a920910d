"""Losses between two tensors of one shape, element by element."""

import torch.nn.functional as F
from torch import Tensor

from restorelab.models.contracts import Loss
from restorelab.registry import LOSSES


def check_same_shape(pred: Tensor, target: Tensor, who: str) -> None:
    """Raise ValueError where broadcasting would hide a mistake."""
    if pred.shape != target.shape:
        raise ValueError(
            f'{who}: prediction {tuple(pred.shape)} and target {tuple(target.shape)} differ in shape'
        )


@LOSSES.register_module()
class L1Loss(Loss):
    """``weight * mean |pred - target|``, a scalar."""

    def __init__(self, weight: float = 1.0):
        super().__init__()
        self.weight = weight

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        check_same_shape(pred, target, 'L1Loss')
        return self.weight * F.l1_loss(pred, target)


@LOSSES.register_module()
class MSELoss(Loss):
    """``weight * mean (pred - target)^2``, a scalar."""

    def __init__(self, weight: float = 1.0):
        super().__init__()
        self.weight = weight

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        check_same_shape(pred, target, 'MSELoss')
        return self.weight * F.mse_loss(pred, target)


@LOSSES.register_module()
class PSNRLoss(Loss):
    """``weight * 10 log10(mse + floor)`` of each image, averaged over the batch: decibels, a scalar, often negative.

    Every image counts by what it gains in decibels. Under an L1 loss the large, one-signed errors of darkness and haze
    drown those of noise, blur and JPEG, and a mixture of tasks learns the latter late.
    Source: Chen et al., HINet (CVPRW 2021), with a floor.

    Args:
        floor: squared error, in the squared units of the tensors, below which an image hardly counts any more, so that
            flat patches do not rule. 4e-4 is 40 dB for tensors in [-1, 1].
    """

    def __init__(self, weight: float = 1.0, floor: float = 4e-4):
        super().__init__()
        if floor <= 0:
            raise ValueError(f'floor is a squared error above 0, such as 4e-4; got {floor}')
        self.weight, self.floor = weight, floor

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        check_same_shape(pred, target, 'PSNRLoss')
        mse = (pred - target).float().square().flatten(1).mean(dim=1)
        return self.weight * 10 * (mse + self.floor).log10().mean()
