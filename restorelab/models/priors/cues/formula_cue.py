"""Cues that are a formula."""

import torch
from torch import Tensor

from restorelab.models.contracts import Prior
from restorelab.structures import Condition


class FormulaCue(Prior):
    """A map that needs no weights. Subclasses name it and write ``cue``."""

    name = ''

    @property
    def provides(self) -> dict[str, int]:
        return {f'maps.{self.name}': 1}

    def cue(self, lq: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] -> (B, 1, H, W)."""
        raise NotImplementedError

    def forward(self, lq: Tensor) -> Condition:
        return Condition(maps={self.name: self.cue(lq)})


def luma(image: Tensor) -> Tensor:
    """Rec. 601 gray (B, 1, H, W) of an image (B, 3, H, W)."""
    weights = torch.tensor([0.299, 0.587, 0.114], device=image.device, dtype=image.dtype)
    return (image * weights.view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
