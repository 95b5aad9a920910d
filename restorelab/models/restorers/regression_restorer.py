"""Restorers that restore in one call of the network (Restormer, Perceive-IR)."""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from restorelab.models.contracts import Noise, RegressionBackbone
from restorelab.models.restorers.base import BaseRestorer
from restorelab.models.restorers.reference import ReferencePass
from restorelab.registry import MODELS
from restorelab.structures import Condition, TapContext
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
        priors, adapters, step_losses, init_cfg, condition_names: see ``BaseRestorer``.
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
        condition_names: dict[str, dict[str, str]] | None = None,
    ):
        super().__init__(backbone, priors, step_losses, init_cfg, condition_names)
        self.check_backbone(RegressionBackbone)
        self.add_adapters(adapters, self.backbone.tap_specs)
        if padding not in ('reflect', 'replicate'):
            raise ValueError(f"padding is 'reflect' or 'replicate', not '{padding}'")
        self.padding = padding
        self.criterion = self.build_criterion(loss)

    def pad(self, image: Tensor) -> Tensor:
        return pad_to_multiple(image, self.backbone.size_divisor, self.padding)

    def condition(self, lq: Tensor, wanted: Sequence[str] | None = None) -> Condition:
        return super().condition(self.pad(lq), wanted)

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
