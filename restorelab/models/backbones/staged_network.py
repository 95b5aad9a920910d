"""Networks one after another, each of which undoes a few degradations, where they are there."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from restorelab.models.contracts import RegressionBackbone
from restorelab.registry import BACKBONES
from restorelab.structures import Condition, TapContext


class Stage(nn.Module):
    """One network, and how far it acts: (B, 3, H, W) -> the same.

    Args:
        kinds: the degradations that it undoes. Their strengths are vectors (B, 1) of the condition.
        backbone: config of a BACKBONES part, a ``RegressionBackbone``.
        closed, full: up to the strength ``closed`` the stage changes nothing and is not even run;
            from ``full`` on it acts fully; between the two, in proportion. The strongest of
            ``kinds`` counts.
    Raises: ValueError unless 0 <= closed < full.
    """

    def __init__(
        self, kinds: Sequence[str], backbone: dict, closed: float = 0.05, full: float = 0.15
    ):
        super().__init__()
        if not 0 <= closed < full:
            raise ValueError(
                f'closed={closed}, full={full}; wanted are strengths with 0 <= closed < full'
            )
        self.kinds, self.closed, self.full = tuple(kinds), closed, full
        self.backbone = BACKBONES.build(backbone)

    def opening(self, cond: Condition) -> Tensor:
        """How far the stage acts on each image: (B,), from 0 to 1."""
        strongest = torch.cat([cond.vector(kind) for kind in self.kinds], dim=1).amax(dim=1)
        return ((strongest - self.closed) / (self.full - self.closed)).clamp(0, 1)

    def forward(self, image: Tensor, ctx: TapContext) -> Tensor:
        opening = self.opening(ctx.cond)
        if not bool((opening > 0).any()):
            return image
        restored = self.backbone(image, ctx)
        return image + opening[:, None, None, None] * (restored - image)


@BACKBONES.register_module()
class StagedNetwork(RegressionBackbone):
    """Undo degradations in the reverse of the order in which they came about.

    Noise and JPEG came last, on the sensor and in the file, so they go first; haze, which hung over
    the scene, goes last. A prior says how strong each degradation is. A stage whose degradations
    are absent is not run, so a good picture comes back as it is, at no cost.

    Args:
        stages: options of ``Stage`` by name, in the order in which they act.
    """

    def __init__(self, stages: dict[str, dict]):
        super().__init__()
        self.stages = nn.ModuleDict({name: Stage(**stage) for name, stage in stages.items()})
        self.size_divisor = max(stage.backbone.size_divisor for stage in self.stages.values())

    def forward(self, lq: Tensor, ctx: TapContext | None = None) -> Tensor:
        ctx = TapContext({}) if ctx is None else ctx
        image = lq
        for stage in self.stages.values():
            image = stage(image, ctx)
        return image
