"""A tiny restorer with a prior, a map, noise, steps and weights."""

import torch
from torch import Tensor, nn

from restorelab.models.contracts import Prior, RegressionBackbone
from restorelab.models.restorers.base import BaseRestorer
from restorelab.registry import BACKBONES, MODELS, PRIORS
from restorelab.structures import Condition, TapContext


@BACKBONES.register_module()
class TinyNet(RegressionBackbone):
    """A 3x3 convolution that starts near the identity: (B, 3, H, W) -> (B, 3, H, W)."""

    def __init__(self, width: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, padding=1)
        self.out = nn.Conv2d(width, 3, 1)

    def forward(self, lq: Tensor, ctx: TapContext | None = None) -> Tensor:
        return lq + 0.1 * self.out(self.conv(lq))


@PRIORS.register_module()
class TinyPrior(Prior):
    """The mean color of the image, and its gray values at half the size. Counts its calls."""

    provides = {'vectors.color': 3, 'maps.gray': 1}

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, lq: Tensor) -> Condition:
        self.calls += 1
        gray = nn.functional.avg_pool2d(lq.mean(dim=1, keepdim=True), 2, ceil_mode=True)
        return Condition(vectors=dict(color=lq.mean(dim=(2, 3))), maps=dict(gray=gray))


@MODELS.register_module()
class TinyRestorer(BaseRestorer):
    """``steps`` times: convolve, move toward the mean color and the gray map, add noise."""

    def __init__(self, backbone: dict, noise_level: float = 0.0, steps: int | None = 2, **kwargs):
        super().__init__(backbone, **kwargs)
        self.noise_level, self.steps = noise_level, steps

    def check_steps(self, steps: int | None) -> None:
        if self.steps is None:
            super().check_steps(steps)

    def compute_losses(
        self, lq: Tensor, gt: Tensor, cond: Condition, tasks
    ) -> tuple[dict[str, Tensor], Tensor]:
        restored = self.backbone(lq)
        return dict(loss_pixel=(restored - gt).square().mean()), restored

    def restore_region(self, lq: Tensor, cond: Condition, noise, tasks, steps) -> Tensor:
        gray = nn.functional.interpolate(cond.map('gray'), lq.shape[-2:])
        for _ in range(steps or self.steps or 1):
            lq = self.backbone(lq) + 0.1 * cond.vector('color')[..., None, None] - 0.1 * gray
            lq = lq + self.noise_level * noise(lq)
        return lq


CONFIG = dict(
    type='TinyRestorer',
    backbone=dict(type='TinyNet'),
    priors=dict(tiny=dict(type='TinyPrior')),
    noise_level=0.02,
)


def tiny_restorer(**options) -> TinyRestorer:
    """A TinyRestorer with fixed weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return MODELS.build(dict(CONFIG, **options))
