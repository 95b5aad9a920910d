"""Restorers that answer with the restored image in one call of the network (Restormer, Perceive-IR)."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from restorelab.models.restorers.base import Restorer
from restorelab.registry import LOSSES, MODELS
from restorelab.structures import Condition, TapContext
from restorelab.utils import pad_to_multiple


@MODELS.register_module()
class RegressionRestorer(Restorer):
    """The backbone maps the degraded image to the clean one, guided by what the priors say.

    Images are padded to the backbone's ``size_divisor``, and the priors see the padded image, as in Perceive-IR.

    Args:
        loss: config of the LOSSES part, applied to (restored, clean); the output is not clamped for it.
        padding: ``reflect`` or ``replicate``.
        kwargs: backbone, priors, adapters, data_preprocessor, init_cfg, noise_seed, step_losses of every restorer.
    """

    def __init__(
        self,
        backbone: dict,
        loss: dict,
        priors: list[dict] = (),
        adapters: list[dict] = (),
        padding: str = 'reflect',
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
        noise_seed: int = 0,
        step_losses: dict[str, dict] | None = None,
    ):
        super().__init__(
            backbone, priors, adapters, data_preprocessor, init_cfg, noise_seed, step_losses
        )
        if padding not in ('reflect', 'replicate'):
            raise ValueError(f"padding is 'reflect' or 'replicate', not '{padding}'")
        self.padding = padding
        self.criterion = LOSSES.build(loss)

    def pad(self, image: Tensor) -> Tensor:
        return pad_to_multiple(image, getattr(self.backbone, 'size_divisor', 1), self.padding)

    def condition(self, lq: Tensor, wanted: Sequence[str] | None = None) -> Condition:
        return super().condition(self.pad(lq), wanted)

    def learn(
        self, lq: Tensor, gt: Tensor, cond: Condition, tasks: Sequence[str] | None
    ) -> tuple[dict[str, Tensor], Tensor]:
        ctx, reference = self.context(cond, tasks), self.reference_context(cond)
        restored = self._restored(lq, ctx)
        if reference is not None:
            with torch.no_grad():
                self._restored(gt, reference)
        return dict(
            loss_pixel=self.criterion(restored, gt), **self.adapter_losses(ctx, reference)
        ), restored

    def run(
        self,
        lq: Tensor,
        cond: Condition,
        noise: Callable[[Tensor], Tensor],
        tasks: Sequence[str] | None,
    ) -> Tensor:
        return self._restored(lq, self.context(cond, tasks))

    def _restored(self, lq: Tensor, ctx: TapContext) -> Tensor:
        height, width = lq.shape[-2:]
        return self.backbone(self.pad(lq), ctx)[..., :height, :width]
