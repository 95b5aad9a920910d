"""Restorers that restore in one call of the network (Restormer, Perceive-IR)."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from restorelab.models.contracts import Noise, RegressionBackbone
from restorelab.models.restorers.base import BaseRestorer
from restorelab.models.restorers.reference import ReferencePass
from restorelab.registry import LOSSES, MODELS
from restorelab.structures import Condition, RestorationSample, TapContext, stack_strengths
from restorelab.utils import pad_to_multiple, padded_region


@MODELS.register_module()
class RegressionRestorer(BaseRestorer):
    """The backbone maps the degraded image to the clean one, guided by what the priors say.

    Images are padded to the backbone's ``size_divisor``. The priors see the padded image, as in
    Perceive-IR.

    Args:
        backbone: config of a BACKBONES part, a ``RegressionBackbone``.
        loss: config of the LOSSES part for (restored, clean). The restored image is not clamped.
        padding: ``reflect`` or ``replicate``.
        priors, adapters, step_losses, init_cfg: see ``BaseRestorer``.
        told: names of degradations, in the order of the samples' ``strengths``, which
            ``DegradeInOrder`` makes. The backbone is told these true strengths, as vectors (B, 1)
            by name, in the place of a prior that will estimate them in a larger model.
        told_error: standard deviation of normal errors that the strengths get in training, since
            no prior is perfect.
    """

    def __init__(
        self,
        backbone: dict,
        loss: dict,
        priors: dict[str, dict] | None = None,
        adapters: dict[str, dict] | None = None,
        padding: str = 'reflect',
        step_losses: dict[str, dict] | None = None,
        init_cfg: dict | None = None,
        told: Sequence[str] = (),
        told_error: float = 0.03,
    ):
        super().__init__(backbone, priors, step_losses, init_cfg)
        self.add_adapters(adapters, self.backbone.tap_specs)
        if padding not in ('reflect', 'replicate'):
            raise ValueError(f"padding is 'reflect' or 'replicate', not '{padding}'")
        self.check_backbone(RegressionBackbone)
        self.padding = padding
        self.told, self.told_error = tuple(told), told_error
        self.criterion = LOSSES.build(loss)

    def pad(self, image: Tensor) -> Tensor:
        return pad_to_multiple(image, self.backbone.size_divisor, self.padding)

    def condition(self, lq: Tensor, wanted: Sequence[str] | None = None) -> Condition:
        return super().condition(self.pad(lq), wanted)

    def condition_of_samples(self, lq: Tensor, samples: list[RestorationSample]) -> Condition:
        cond = self.condition(lq)
        if self.told:
            strengths = stack_strengths(samples, self.told).to(lq)
            if self.training:
                errors = self.told_error * torch.randn_like(strengths)
                strengths = (strengths + errors).clamp(0, 1)
            cond.vectors.update(zip(self.told, strengths.split(1, dim=1), strict=True))
        return cond

    def compute_losses(
        self, lq: Tensor, gt: Tensor, cond: Condition, tasks: Sequence[str] | None
    ) -> tuple[dict[str, Tensor], Tensor]:
        ctx = self.context(cond, tasks)
        reference = ReferencePass(self.adapters.values(), cond)
        restored = self._call(lq, ctx)
        reference.run(lambda reference_ctx: self._call(gt, reference_ctx))
        return dict(loss_pixel=self.criterion(restored, gt), **reference.losses(ctx)), restored

    def restore_region(
        self,
        lq: Tensor,
        cond: Condition,
        noise: Noise,
        tasks: Sequence[str] | None,
        steps: int | None,
    ) -> Tensor:
        return self._call(lq, self.context(cond, tasks))

    def _call(self, lq: Tensor, ctx: TapContext) -> Tensor:
        height, width = lq.shape[-2:]
        if ctx.cond.region is not None:  # the priors saw the padded picture
            multiple = self.backbone.size_divisor
            region = padded_region(ctx.cond.region, (height, width), multiple)
            ctx.cond = replace(ctx.cond, region=region)
        return self.backbone(self.pad(lq), ctx)[..., :height, :width]
