"""A network that acts as far as the degradations it undoes are there."""

from collections.abc import Sequence

import torch
from torch import Tensor

from restorelab.models.contracts import RegressionBackbone
from restorelab.registry import BACKBONES
from restorelab.structures import Condition, TapContext


@BACKBONES.register_module()
class Stage(RegressionBackbone):
    """One network of a ``StagedNetwork``, and how far it acts.

    In training the network is always run, so that each of its weights gets a gradient.

    Args:
        kinds: the degradations that it undoes. Their strengths are vectors (B, 1) of the condition.
        backbone: config of a BACKBONES part, a ``RegressionBackbone``.
        closed, full: up to the strength ``closed`` the stage changes nothing and is not even run;
            from ``full`` on it acts fully; between the two, in proportion. The strongest of
            ``kinds`` counts.
        always: act fully on every picture, for a network that finds out itself where it is needed.
            Only who wants all of ``kinds`` left as they are switches it off.
    Raises: ValueError unless 0 <= closed < full.
    """

    def __init__(
        self,
        kinds: Sequence[str],
        backbone: dict,
        closed: float = 0.05,
        full: float = 0.15,
        always: bool = False,
    ):
        super().__init__()
        if not 0 <= closed < full:
            raise ValueError(
                f'closed={closed}, full={full}; wanted are strengths with 0 <= closed < full'
            )
        self.kinds, self.closed, self.full = tuple(kinds), closed, full
        self.always = always
        self.backbone = BACKBONES.build(backbone)
        self.size_divisor = self.backbone.size_divisor
        self.tap_specs = self.backbone.tap_specs

    def opening(self, cond: Condition) -> Tensor:
        """How far the stage acts on each image: (B,), from 0 to 1."""
        strongest = torch.cat([cond.vector(kind) for kind in self.kinds], dim=1).amax(dim=1)
        if self.always:
            return torch.full_like(strongest, 0.0 if cond.left.issuperset(self.kinds) else 1.0)
        return ((strongest - self.closed) / (self.full - self.closed)).clamp(0, 1)

    def forward(self, lq: Tensor, ctx: TapContext | None = None) -> Tensor:
        ctx = TapContext({}) if ctx is None else ctx
        opening = self.opening(ctx.cond)
        if not self.training and not bool((opening > 0).any()):
            return lq
        restored = self.backbone(lq, ctx)
        return lq + opening[:, None, None, None] * (restored - lq)
