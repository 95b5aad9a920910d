"""One part of every kind that a plugin may bring, all of them tiny."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from restorelab.models.contracts import (
    Adapter,
    DiffusionBackbone,
    Loss,
    Prior,
    Process,
    Sampler,
)
from restorelab.registry import ADAPTERS, BACKBONES, LOSSES, PRIORS, SAMPLERS
from restorelab.structures import Condition, TapContext, TapSpec


@BACKBONES.register_module()
class ToyUNet(DiffusionBackbone):
    """Two convolutions with a tap between: x_t, lq (B, 3, H, W), time (B,) -> (B, 3, H, W)."""

    size_divisor = 1

    def __init__(self, width: int = 4):
        super().__init__()
        self.tap_specs = (TapSpec('mid', side='mid', stride=1, channels=width),)
        self.head = nn.Conv2d(6, width, 3, padding=1)
        self.tail = nn.Conv2d(width, 3, 3, padding=1)

    def forward(
        self, x_t: Tensor, lq: Tensor, time: Tensor, ctx: TapContext | None = None
    ) -> Tensor:
        feat = torch.relu(self.head(torch.cat([x_t, lq], dim=1)))
        return self.tail(ctx.tap('mid', feat))


@PRIORS.register_module()
class BrightnessPrior(Prior):
    """Vector ``brightness`` (B, 3): the mean of every color."""

    provides = {'vectors.brightness': 3}

    def forward(self, lq: Tensor) -> Condition:
        return Condition(vectors=dict(brightness=lq.mean(dim=(2, 3))))


@ADAPTERS.register_module()
class ShiftAdapter(Adapter):
    """Adds a projection of the brightness to every tap; the identity at first."""

    needs = ('vectors.brightness',)

    def __init__(self, tap_specs: Sequence[TapSpec], cond_widths: Mapping[str, int]):
        super().__init__()
        self.taps = tuple(spec.name for spec in tap_specs)
        self.proj = nn.ModuleDict(
            {spec.name: nn.Linear(cond_widths[self.needs[0]], spec.channels) for spec in tap_specs}
        )
        for linear in self.proj.values():
            nn.init.zeros_(linear.weight)
            nn.init.zeros_(linear.bias)

    def on_tap(self, name: str, feat: Tensor, ctx: TapContext) -> Tensor:
        return feat + self.proj[name](ctx.cond.vector('brightness'))[:, :, None, None]


@LOSSES.register_module()
class LogCoshLoss(Loss):
    """Mean of log cosh(pred - target), a scalar."""

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        return (pred - target).cosh().log().mean()


@SAMPLERS.register_module()
class OneStep(Sampler):
    """Takes the network's answer at the last step for the clean image itself."""

    def __call__(
        self, predict: Callable, process: Process, lq: Tensor, noise: Callable, steps=None
    ) -> Tensor:
        last = torch.full((len(lq),), process.steps, dtype=torch.long, device=lq.device)
        return lq - predict(lq, last)
