"""Restorers that walk a diffusion process backwards in pixel space (DiffUIR, TPGDiff and their mixtures)."""

from collections.abc import Sequence

from torch import Tensor

from restorelab.models.contracts import DiffusionBackbone, Noise
from restorelab.models.restorers.base import BaseRestorer
from restorelab.models.restorers.reference import ReferencePass
from restorelab.registry import LOSSES, MODELS, OBJECTIVES, PROCESSES, SAMPLERS
from restorelab.structures import Condition


@MODELS.register_module()
class DiffusionRestorer(BaseRestorer):
    """Backbone + process + sampler: the data flow of a pixel-space diffusion restorer.

    The network answers for the state ``x_t``, the degraded image and the time that the process names; what the answer
    means (noise, residual) is the process's business.

    Args:
        process: config of the diffusion process (PROCESSES).
        loss: config of the LOSSES part, applied to (prediction, target).
        sampler: config of the SAMPLERS part used for restoring.
        objective: config of the part (OBJECTIVES) that turns the network's answer into that pair;
            None compares the answer with the process's target directly.
        backbone, priors, adapters, step_losses, init_cfg: see ``BaseRestorer``.
    Raises: TypeError when the sampler or the objective cannot read this process's state.
    """

    def __init__(
        self,
        backbone: dict,
        process: dict,
        loss: dict,
        sampler: dict,
        objective: dict | None = None,
        priors: dict[str, dict] | None = None,
        adapters: dict[str, dict] | None = None,
        step_losses: dict[str, dict] | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(backbone, priors, adapters, step_losses, init_cfg)
        self.check_backbone(DiffusionBackbone)
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

    def compute_losses(
        self, lq: Tensor, gt: Tensor, cond: Condition, tasks: Sequence[str] | None
    ) -> tuple[dict[str, Tensor], Tensor]:
        process = self.process
        state = process.add_noise(process.to_state(gt), process.to_state(lq))
        time = process.time(state.t)
        ctx = self.context(cond, tasks)
        reference = ReferencePass(self.adapters.values(), cond)
        out = self.backbone(state.x_t, state.lq, time, ctx)
        # the reference pass has the same state, and the clean image in place of the degraded one
        reference.run(lambda ref_ctx: self.backbone(state.x_t, state.gt, time, ref_ctx))
        pred, target = out, state.target
        if self.objective is not None:
            pred, target = self.objective(process, out, state)
        losses = dict(loss_diffusion=self.criterion(pred, target), **reference.losses(ctx))
        clean = process.clean_from(out, state.x_t, state.lq, state.t)
        return losses, process.to_image(clean)

    def restore_region(
        self,
        lq: Tensor,
        cond: Condition,
        noise: Noise,
        tasks: Sequence[str] | None,
        steps: int | None,
    ) -> Tensor:
        start = self.process.to_state(lq)

        def predict(x_t: Tensor, t: Tensor) -> Tensor:
            return self.backbone(x_t, start, self.process.time(t), self.context(cond, tasks))

        return self.process.to_image(self.sampler(predict, self.process, start, noise))
