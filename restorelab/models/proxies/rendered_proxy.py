"""Images that another restorer made before the training."""

from collections.abc import Sequence

import torch
from torch import Tensor

from restorelab.models.contracts import Proxy
from restorelab.models.proxies.choice import choose_samples
from restorelab.registry import PROXIES
from restorelab.structures import TrainingStep


@PROXIES.register_module()
class RenderedProxy(Proxy):
    """The images ``rendered`` of the samples. The mask is 0 for samples without one.

    Shapes: called with a TrainingStep it gives images (B, 3, H, W) and a mask (B,).

    Args:
        degradations: only samples of these; all when None.
    """

    def __init__(self, degradations: Sequence[str] | None = None):
        super().__init__()
        self.degradations = degradations

    def forward(self, step: TrainingStep) -> tuple[Tensor, Tensor]:
        wanted = choose_samples(step.samples, self.degradations, None, step.lq.device)
        images, mask = [], []
        for chosen, sample, lq in zip(wanted.tolist(), step.samples, step.lq, strict=True):
            has_one = chosen and 'rendered' in sample
            images.append(sample.rendered if has_one else lq)
            mask.append(has_one)
        return torch.stack(images).to(step.lq), step.lq.new_tensor(mask)
