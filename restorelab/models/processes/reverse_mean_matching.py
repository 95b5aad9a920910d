"""The training objective of IR-SDE and TPGDiff."""

from torch import Tensor

from restorelab.models.contracts import Objective, Process
from restorelab.models.processes.mean_reverting_process import MeanRevertingProcess
from restorelab.registry import OBJECTIVES
from restorelab.structures import DiffusionState


@OBJECTIVES.register_module()
class ReverseMeanMatching(Objective):
    """Compares the mean of a reverse SDE step with that of the posterior: (B, C, H, W) each.

    An L1 or L2 loss on them weights the error of the noise by ``sigma_t^2 dt / sigmabar_t``.
    Source: IR-SDE eq. 10 to 14, "maximum likelihood objective".
    """

    def check(self, process: Process) -> None:
        if not isinstance(process, MeanRevertingProcess):
            raise TypeError(
                'objective ReverseMeanMatching compares steps of MeanRevertingProcess, but the '
                f'process is {type(process).__name__}; leave `objective` out'
            )

    def __call__(
        self, process: MeanRevertingProcess, out: Tensor, state: DiffusionState
    ) -> tuple[Tensor, Tensor]:
        noise = process.noise_from(out, state.x_t, state.lq, state.t)
        score = process.score(noise, state.t)
        step_mean = process.sde_step_mean(state.x_t, state.lq, score, state.t)
        return step_mean, process.posterior_mean(state.x_t, state.gt, state.lq, state.t)
