"""Cues as a prior: maps of the picture that adapters read as they are."""

import torch
from torch import Tensor, nn

from restorelab.models.contracts import Prior
from restorelab.registry import CUES, PRIORS
from restorelab.structures import Condition


@PRIORS.register_module()
class CueMaps(Prior):
    """The maps (B, C, h, w) of its cues, by the cues' names; nothing learns.

    ``MapGate`` reads them. ``StructurePrior`` makes tokens of the same cues.

    Args:
        cues: configs of CUES parts.
    """

    def __init__(self, cues: list[dict]):
        super().__init__()
        self.cues = nn.ModuleList(CUES.build(cue) for cue in cues).requires_grad_(False)

    @property
    def provides(self) -> dict[str, int]:
        widths: dict[str, int] = {}
        for cue in self.cues:
            widths.update(cue.provides)
        return widths

    @torch.no_grad()
    def forward(self, lq: Tensor) -> Condition:
        cond = Condition()
        for cue in self.cues:
            cond.update(cue(lq))
        return cond
