"""The squared error in decibels."""

from torch import Tensor

from restorelab.models.contracts import Loss
from restorelab.registry import LOSSES
from restorelab.utils.shapes import check_same_shape


@LOSSES.register_module()
class PSNRLoss(Loss):
    """``weight * 10 log10(mse + floor)`` of each image, averaged over the batch.

    Two tensors (B, C, H, W) -> scalar, in decibels, often negative. Every image counts by what it
    gains in decibels. Under an L1 loss the large errors of darkness and haze hide those of noise,
    blur and JPEG, and a model for all of them learns the latter late.
    Source: Chen et al., HINet (CVPRW 2021), with a floor.

    Args:
        floor: added to the squared error, in squared units of the tensors. Images with a smaller
            error hardly count any more, so that flat patches do not dominate. 4e-4 is 40 dB for
            tensors in [-1, 1].
    Raises: ValueError for a floor that is not above 0.
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
