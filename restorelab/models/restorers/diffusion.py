"""Restorers that walk a diffusion process backwards in pixel space (DiffUIR, TPGDiff and their mixtures)."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from restorelab.models.restorers.base import Restorer
from restorelab.registry import LOSSES, MODELS, OBJECTIVES, PROCESSES, SAMPLERS
from restorelab.structures import Condition


@MODELS.register_module()
class DiffusionRestorer(Restorer):
    """Backbone + process + sampler: the data flow of a pixel-space diffusion restorer.

    The network answers for the state ``x_t``, the degraded image and the time that the process names; what the answer
    means (noise, residual) is the process's business.

    Args:
        process: config of the diffusion process (PROCESSES).
        loss: config of the LOSSES part, applied to (prediction, target).
        sampler: config of the SAMPLERS part used for restoring.
        objective: config of the part (OBJECTIVES) that turns the network's answer into that pair;
            None compares the answer with the process's target directly.
        kwargs: backbone, priors, adapters, data_preprocessor, init_cfg, noise_seed, step_losses of every restorer.
    Raises: TypeError when the sampler or the objective cannot read this process's state.
    """

    def __init__(
        self,
        backbone: dict,
        process: dict,
        loss: dict,
        sampler: dict,
        objective: dict | None = None,
        priors: list[dict] = (),
        adapters: list[dict] = (),
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
        noise_seed: int = 0,
        step_losses: dict[str, dict] | None = None,
    ):
        super().__init__(
            backbone, priors, adapters, data_preprocessor, init_cfg, noise_seed, step_losses
        )
        self.process = PROCESSES.build(process)
        self.objective = OBJECTIVES.build(objective) if objective else None
        if hasattr(self.objective, 'check'):
            self.objective.check(self.process)
        self.criterion = LOSSES.build(loss)
        self.set_sampler(sampler)

    def set_sampler(self, cfg: dict) -> None:
        """Restore with another sampler from now on. Raises TypeError when it does not fit the process."""
        sampler = SAMPLERS.build(cfg)
        if hasattr(sampler, 'check'):
            sampler.check(self.process)
        self.sampler = sampler

    def learn(
        self, lq: Tensor, gt: Tensor, cond: Condition, tasks: Sequence[str] | None
    ) -> tuple[dict[str, Tensor], Tensor]:
        state = self.process.add_noise(self.process.to_state(gt), self.process.to_state(lq))
        time, ctx, reference = (
            self.process.time(state.t),
            self.context(cond, tasks),
            self.reference_context(cond),
        )
        out = self.backbone(state.x_t, state.lq, time, ctx)
        if reference is not None:
            with torch.no_grad():
                self.backbone(
                    state.x_t, state.gt, time, reference
                )  # the same state, told the clean image
        pred, target = (
            self.objective(self.process, out, state) if self.objective else (out, state.target)
        )
        clean = self.process.to_image(self.process.clean_from(out, state.x_t, state.lq, state.t))
        return dict(
            loss_diffusion=self.criterion(pred, target), **self.adapter_losses(ctx, reference)
        ), clean

    def run(
        self,
        lq: Tensor,
        cond: Condition,
        noise: Callable[[Tensor], Tensor],
        tasks: Sequence[str] | None,
    ) -> Tensor:
        start = self.process.to_state(lq)

        def predict(x_t: Tensor, t: Tensor) -> Tensor:
            return self.backbone(x_t, start, self.process.time(t), self.context(cond, tasks))

        return self.process.to_image(self.sampler(predict, self.process, start, noise))
