"""How far from excellent a restored image looks to CLIP (Perceive-IR)."""

from torch import Tensor

from restorelab.models.contracts import StepLoss
from restorelab.registry import LOSSES, PRIORS
from restorelab.structures import TrainingStep


@LOSSES.register_module()
class CLIPAwareLoss(StepLoss):
    """``weight * mean(1 - p)``, where p is the probability of the best tier of quality.

    For ``step_losses`` of any restorer. Source: Perceive-IR. The prompts were learned with a scale
    of 100 on the cosines. Here the scale is 1, so with three tiers p stays near 1/3, and the loss
    near 2/3, during the whole training. Its gradient is what counts.

    Args:
        perceiver: config of a ``CLIPQualityPerceiver`` with prompts that stage 1 learned.
        scale: of the cosines.
    """

    def __init__(self, perceiver: dict, weight: float = 1.0, scale: float = 1.0):
        super().__init__()
        self.weight, self.scale = weight, scale
        self.perceiver = PRIORS.build(perceiver)

    def forward(self, step: TrainingStep) -> Tensor:
        probabilities = self.perceiver.logits(step.restored, self.scale).softmax(dim=1)
        return self.weight * (1 - probabilities[:, -1]).mean()
