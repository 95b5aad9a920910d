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

    Negatives carry no gradient. The mean is over the samples that have a negative. Without any, the
    loss is 0, with a gradient of 0.

    Args:
        anchor, positive: (B, D). They are used as they are, so normalize them before.
        labels: (B,) integers.
    Returns: the loss, and the share of samples that had a negative.
    """
    negatives = torch.cat(all_gather(anchor.detach()))
    different = labels[:, None] != torch.cat(all_gather(labels))
    valid = different.any(dim=1)
    share = valid.float().mean()
    if not valid.any():
        return 0 * anchor.sum(), share
    match = (anchor * positive).sum(dim=1, keepdim=True)
    contrast = (anchor @ negatives.T).masked_fill(~different, -torch.inf)
    logits = torch.cat([match, contrast], dim=1) / temperature
    losses = logits.logsumexp(dim=1) - logits[:, 0]
    return losses[valid].mean(), share


@LOSSES.register_module()
class DegradationInfoNCE(StepLoss):
    """``weight * degradation_infonce`` of a condition; the labels are the samples' degradations.

    For ``step_losses``. The positive is the condition of the sample's ``positive_lq``, which
    ``PositiveView`` cuts, or of the mirrored image where a batch has none. With a single
    degradation the loss is 0. The share of samples that count is logged as ``contrast_share``.
    Source: Perceive-IR.

    Args:
        condition: name of the vector, of a prior that is trained.
    """

    def __init__(
        self, weight: float = 1.0, temperature: float = 0.1, condition: str = 'degradation'
    ):
        super().__init__()
        self.weight, self.temperature, self.condition = weight, temperature, condition
        self.needs = (f'vectors.{condition}',)

    def forward(self, step: TrainingStep) -> Tensor:
        # checksums of the names, not places in a list: ranks may see different degradations
        codes = [crc32(sample.degradation.encode()) for sample in step.samples]
        labels = torch.tensor(codes, device=step.lq.device)
        if all('positive_lq' in sample for sample in step.samples):
            view = stack_images(step.samples, 'positive_lq', step.lq.device)
        else:
            view = step.lq.flip(-1)
        anchor = step.cond.vector(self.condition)
        positive = step.describe(view, [f'vectors.{self.condition}']).vector(self.condition)
        loss, share = degradation_infonce(anchor, positive, labels, self.temperature)
        MessageHub.get_current_instance().update_scalar('train/contrast_share', share.item())
        return self.weight * loss
