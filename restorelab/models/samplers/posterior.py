"""Ancestral sampling of the mean-reverting process."""

from itertools import pairwise

import torch
from torch import Tensor

from restorelab.models.contracts import Noise, Predict, Process, Sampler
from restorelab.models.processes import MeanRevertingProcess
from restorelab.models.samplers.walking import predict_at, require_process
from restorelab.registry import SAMPLERS


@torch.no_grad()
def sample_posterior(
    predict: Predict, process: MeanRevertingProcess, mu: Tensor, noise: Noise
) -> Tensor:
    """From mu with noise to the restored image (B, C, H, W), by the exact posterior of each step.

    This is the sampler of TPGDiff's numbers.
    """
    x = process.start(mu, noise(mu))
    for t in range(process.steps, 0, -1):
        clean = process.clean_from(predict_at(predict, x, t), x, mu, t)
        x = process.posterior_mean(x, clean, mu, t) + process.posterior_std(t) * noise(x)
    return x


@torch.no_grad()
def sample_posterior_respaced(
    predict: Predict, process: MeanRevertingProcess, mu: Tensor, noise: Noise, grid: list[int]
) -> Tensor:
    """The same over the steps of ``grid`` alone, by the posterior of a jump from t to s."""
    y = process.start(mu, noise(mu)) - mu
    for t, s in pairwise(grid):
        out = predict_at(predict, y + mu, t)
        residual = process.clean_from(out, y + mu, mu, t) - mu
        alpha_t, alpha_s = process.alpha(t), process.alpha(s)
        ratio = alpha_t / alpha_s
        of_state = ratio * (1 - alpha_s**2) / (1 - alpha_t**2)
        of_clean = alpha_s * (1 - ratio**2) / (1 - alpha_t**2)
        variance = (1 - ratio**2) * (1 - alpha_s**2) / (1 - alpha_t**2)
        std = process.noise_level * torch.sqrt(variance)
        y = of_state * y + of_clean * residual + std * noise(y)
    return y + mu


@SAMPLERS.register_module()
class Posterior(Sampler):
    """``sample_posterior`` over all trained steps, or over some of them.

    Args:
        steps: number of network calls; None is all, the official sampler.
    """

    walks = MeanRevertingProcess

    def __init__(self, steps: int | None = None):
        self.steps = steps

    def check(self, process: Process, steps: int | None = None) -> None:
        require_process(self, process, self.walks)
        steps = self.steps if steps is None else steps
        if steps is not None:
            process.check_steps(steps)

    def __call__(
        self,
        predict: Predict,
        process: MeanRevertingProcess,
        lq: Tensor,
        noise: Noise,
        steps: int | None = None,
    ) -> Tensor:
        steps = self.steps if steps is None else steps
        if steps is None or steps == process.steps:
            return sample_posterior(predict, process, lq, noise)
        return sample_posterior_respaced(predict, process, lq, noise, process.step_grid(steps))
