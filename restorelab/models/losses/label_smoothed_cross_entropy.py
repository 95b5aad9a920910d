"""Cross-entropy with label smoothing."""

import torch.nn.functional as F
from torch import Tensor

from restorelab.models.contracts import Loss
from restorelab.registry import LOSSES


@LOSSES.register_module()
class LabelSmoothedCrossEntropy(Loss):
    """``weight *`` cross-entropy: logits (B, K), class ids (B,) -> scalar.

    Source: label smoothing (arXiv 1512.00567); TPGDiff's loss of the degradation prior.
    """

    compares = 'logits with class ids'

    def __init__(self, weight: float = 1.0, smoothing: float = 0.01):
        super().__init__()
        self.weight, self.smoothing = weight, smoothing

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        return self.weight * F.cross_entropy(pred, target, label_smoothing=self.smoothing)
