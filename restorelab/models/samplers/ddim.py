"""DDIM without noise between the steps (arXiv 2010.02502)."""

from itertools import pairwise

import torch
from torch import Tensor

from restorelab.models.contracts import Noise, Predict, Process, Sampler
from restorelab.models.processes.gaussian_process import GaussianProcess
from restorelab.models.samplers.walking import (
    predict_at,
    require_noise_prediction,
    require_process,
    residual_and_noise,
)
from restorelab.registry import SAMPLERS


@torch.no_grad()
def sample_ddim(
    predict: Predict,
    process: GaussianProcess,
    lq: Tensor,
    noise: Noise,
    grid: list[int],
    debias: bool = False,
    noise_scale: float = 1.0,
) -> Tensor:
    """DDIM on ``y = x - center``: ``y <- alpha_s residual + sigma_s noise`` along ``grid``.

    Shapes: ``lq`` (B, C, H, W) -> the restored state, the same.
    """
    center = process.center(lq)
    y = process.start(lq, noise_scale * noise(lq)) - center
    for t, s in pairwise(grid):
        out = predict_at(predict, y + center, t)
        residual, eps = residual_and_noise(process, out, y, lq, t, debias)
        y = process.alpha(s) * residual + process.sigma_bar(s) * eps
    return y + center


@SAMPLERS.register_module()
class DDIM(Sampler):
    """``sample_ddim`` over ``steps`` of the trained steps.

    Args:
        steps: number of network calls.
        debias: for networks trained by ``ReverseMeanMatching``.
        noise_scale: factor of the starting noise. 1 draws a sample. 0 starts a mean-reverting
            process at the degraded image itself: less invented texture and more fidelity (PSNR),
            the more so the less a network is trained.
    """

    walks = GaussianProcess

    def __init__(self, steps: int = 20, debias: bool = False, noise_scale: float = 1.0):
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
        return sample_ddim(predict, process, lq, noise, grid, self.debias, self.noise_scale)
