"""Contrast between the degradations of a batch (Perceive-IR)."""

from zlib import crc32

import torch
from mmengine.dist import all_gather
from mmengine.logging import MessageHub
from torch import Tensor

from restorelab.models.contracts import StepLoss
from restorelab.registry import LOSSES
from restorelab.structures import TrainingStep, stack_images


def degradation_infonce(
    anchor: Tensor, positive: Tensor, labels: Tensor, temperature: float = 0.1
) -> tuple[Tensor, Tensor]:
    """InfoNCE whose negatives are the anchors of other labels, over the batches of all ranks.

    Negatives carry no gradient. Samples without a negative are left out of the mean; where none is left the loss is 0,
    with a gradient of 0.

    Args:
        anchor, positive: (B, D); used as they are, so normalize them before.  labels: (B,) integers.
    Returns: the loss, and the share of samples that had a negative.
    """
    negatives, others = torch.cat(all_gather(anchor.detach())), torch.cat(all_gather(labels))
    different = labels[:, None] != others
    valid = different.any(dim=1)
    if not valid.any():
        return 0 * anchor.sum(), valid.float().mean()
    match = (anchor * positive).sum(dim=1, keepdim=True)
    logits = (
        torch.cat([match, (anchor @ negatives.T).masked_fill(~different, -torch.inf)], dim=1)
        / temperature
    )
    losses = logits.logsumexp(dim=1) - logits[:, 0]
    return losses[valid].mean(), valid.float().mean()


@LOSSES.register_module()
class DegradationInfoNCE(StepLoss):
    """``weight * degradation_infonce`` of a condition, for ``step_losses``; the labels are the samples' degradations.

    The positive is the condition of the sample's ``positive_lq`` (``PositiveView`` cuts it), or of the mirrored image
    where a batch has none. In single-degradation training it is 0. The share of samples that count is logged as
    ``contrast_share``. Source: Perceive-IR.

    Args:
        condition: name of the vector, of a prior that is trained.
    """

    def __init__(
        self, weight: float = 1.0, temperature: float = 0.1, condition: str = 'degradation'
    ):
        super().__init__()
        self.weight, self.temperature, self.condition = weight, temperature, condition

    def forward(self, step: TrainingStep) -> Tensor:
        # a checksum of the name and no place in a list: ranks may see different degradations
        codes = [crc32(sample.degradation.encode()) for sample in step.samples]
        labels = torch.tensor(codes, device=step.lq.device)
        paired = all('positive_lq' in sample for sample in step.samples)
        view = (
            stack_images(step.samples, 'positive_lq', step.lq.device)
            if paired
            else step.lq.flip(-1)
        )
        positive = step.describe(view, [f'vectors.{self.condition}']).vector(self.condition)
        loss, share = degradation_infonce(
            step.cond.vector(self.condition), positive, labels, self.temperature
        )
        MessageHub.get_current_instance().update_scalar('train/contrast_share', share.item())
        return self.weight * loss
