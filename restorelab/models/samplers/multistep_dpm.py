"""DPM-Solver++(2M) (arXiv 2211.01095)."""

from itertools import pairwise

import torch
from torch import Tensor

from restorelab.models.contracts import Noise, Predict, Process, Sampler
from restorelab.models.processes.gaussian_process import GaussianProcess
from restorelab.models.samplers.walking import (
    log_snr,
    predict_at,
    require_noise_prediction,
    require_process,
    residual_and_noise,
)
from restorelab.registry import SAMPLERS


@torch.no_grad()
def sample_multistep_dpm(
    predict: Predict,
    process: GaussianProcess,
    lq: Tensor,
    noise: Noise,
    grid: list[int],
    debias: bool = False,
    noise_scale: float = 1.0,
) -> Tensor:
    """DPM-Solver++(2M) on ``y = x - center``: second order, from the output of the step before.

    With ``l = ln(alpha / sigma)`` and ``h = l_s - l_t``: ``D = r + h / (2 h_prev) (r - r_prev)``,
    ``y <- sigma_s / sigma_t y - alpha_s expm1(-h) D``. The step to the clean image takes the
    residual ``r`` itself. Shapes: ``lq`` (B, C, H, W) -> the restored state, the same.
    """
    center = process.center(lq)
    y = process.start(lq, noise_scale * noise(lq)) - center
    previous, h_previous = None, None
    for t, s in pairwise(grid):
        out = predict_at(predict, y + center, t)
        residual, _ = residual_and_noise(process, out, y, lq, t, debias)
        if s == process.clean_step:
            return residual + center
        h = log_snr(process, s) - log_snr(process, t)
        direction = residual
        if previous is not None:
            direction = residual + h / (2 * h_previous) * (residual - previous)
        of_state = process.sigma_bar(s) / process.sigma_bar(t)
        y = of_state * y - process.alpha(s) * torch.expm1(-h) * direction
        previous, h_previous = residual, h
    return y + center


@SAMPLERS.register_module()
class MultistepDPM(Sampler):
    """``sample_multistep_dpm`` over ``steps`` of the trained steps.

    Args:
        steps: number of network calls.
        debias: for networks trained by ``ReverseMeanMatching``.
        noise_scale: factor of the starting noise, see ``DDIM``.
    """

    walks = GaussianProcess

    def __init__(self, steps: int = 10, debias: bool = False, noise_scale: float = 1.0):
        self.steps, self.debias, self.noise_scale = steps, debias, noise_scale

    def check(self, process: Process, steps: int | None = None) -> None:
        require_process(self, process, self.walks)
        if self.debias:
            require_noise_prediction(self, process)
        process.check_steps(self.steps if steps is None else steps)

    def __call__(
        self,
        predict: Predict,
        process: GaussianProcess,
        lq: Tensor,
        noise: Noise,
        steps: int | None = None,
    ) -> Tensor:
        grid = process.step_grid(self.steps if steps is None else steps)
        return sample_multistep_dpm(
            predict, process, lq, noise, grid, self.debias, self.noise_scale
        )
