"""Euler on the probability-flow ODE of the mean-reverting process."""

import torch
from torch import Tensor

from restorelab.models.contracts import Noise, Predict, Process, Sampler
from restorelab.models.processes import MeanRevertingProcess
from restorelab.models.samplers.walking import predict_at, require_all_steps, require_process
from restorelab.registry import SAMPLERS


@torch.no_grad()
def sample_euler_ode(
    predict: Predict, process: MeanRevertingProcess, mu: Tensor, noise: Noise
) -> Tensor:
    """From mu with noise to the restored image (B, C, H, W), over all steps.

    Only the start is random.
    """
    x = process.start(mu, noise(mu))
    for t in range(process.steps, 0, -1):
        out = predict_at(predict, x, t)
        score = process.score(process.noise_from(out, x, mu, t), t)
        x = process.ode_step(x, mu, score, t)
    return x


@SAMPLERS.register_module()
class EulerODE(Sampler):
    """``sample_euler_ode`` over all trained steps."""

    walks = MeanRevertingProcess

    def check(self, process: Process, steps: int | None = None) -> None:
        require_process(self, process, self.walks)
        require_all_steps(self, process, steps)

    def __call__(
        self,
        predict: Predict,
        process: MeanRevertingProcess,
        lq: Tensor,
        noise: Noise,
        steps: int | None = None,
    ) -> Tensor:
        return sample_euler_ode(predict, process, lq, noise)
