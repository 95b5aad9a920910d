"""The image loss of restorations that people look at (UniRestore)."""

import torch
from torch import Tensor

from restorelab.models.contracts import StepLoss
from restorelab.registry import LOSSES
from restorelab.structures import VIEWING, TrainingStep, tasks_of


def for_viewing(step: TrainingStep) -> Tensor:
    """Which images (B,) bool are restored for viewing: those of the task ``ir``, or of none."""
    tasks = tasks_of(step.samples)
    if tasks is None:
        tasks = [VIEWING] * len(step.samples)
    return torch.tensor([task == VIEWING for task in tasks], device=step.gt.device)


@LOSSES.register_module()
class ViewingLoss(StepLoss):
    """Compares restored images with clean ones, where they are restored for viewing.

    It is weighted by the share of such images in the batch, so that a mixed batch costs the mean of
    its images. Source: UniRestore (arXiv 2501.13134).

    Args:
        loss: config of the LOSSES part for (restored, clean).
    """

    def __init__(self, loss: dict):
        super().__init__()
        self.criterion = LOSSES.build(loss)

    def forward(self, step: TrainingStep) -> Tensor:
        chosen = for_viewing(step)
        if not chosen.any():
            return step.restored.new_zeros(())
        share = chosen.float().mean()
        return share * self.criterion(step.restored[chosen], step.gt[chosen])
