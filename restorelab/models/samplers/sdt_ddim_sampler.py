"""Sampler of DiffUIR: from the shared distribution to the clean image in a few steps."""

from itertools import pairwise

import torch
from torch import Tensor

from restorelab.models.contracts import Noise, Predict, Process, Sampler
from restorelab.models.processes import SharedResidualProcess
from restorelab.models.samplers.walking import predict_at, require_process
from restorelab.registry import SAMPLERS


def sdt_step_grid(train_steps: int, steps: int) -> list[int]:
    """Steps visited, falling from T - 1, such as [999, 665, 332] for three of 1000.

    A float32 ramp cut off to integers, as in the official code. For 84 numbers of steps, 26 the
    first of them, one entry is lower by one than exact arithmetic would have it.
    Raises: ValueError unless 1 <= steps <= train_steps.
    """
    if not 1 <= steps <= train_steps:
        raise ValueError(f'steps must be between 1 and the {train_steps} trained ones, not {steps}')
    ramp = torch.linspace(-1, train_steps - 1, steps + 1, device='cpu')
    return ramp.int().tolist()[:0:-1]


@torch.no_grad()
def sample_sdt_ddim(
    predict: Predict,
    process: SharedResidualProcess,
    lq: Tensor,
    noise: Noise,
    steps: int,
    eta: float = 0.0,
    init_noise_std: float = 0.1,
) -> Tensor:
    """``x <- x - (A_t - A_u) r + (D_t - D_u) lq + sqrt(s2) n`` over the steps t > u.

    ``s2 = eta (B_t^2 - B_u^2) B_u^2 / B_t^2``. The last step gives ``lq - r``. Two things are as in
    the official sampler because its numbers depend on them. There is no term for the predicted
    noise, so the noise of the start stays in the state. The residual is clamped to [-1, 1],
    although it can reach 2.

    ``noise`` is drawn for the start and, where ``eta`` is positive, for each step but the last.
    Shapes: ``lq`` (B, C, H, W) -> the restored state, the same.
    """
    x = process.start(lq, noise(lq), init_noise_std)
    grid = sdt_step_grid(process.steps, steps)
    for t, u in pairwise(grid):
        residual = predict_at(predict, x, t).clamp(-1, 1)
        shared = (process.shared_weight(t) - process.shared_weight(u)) * lq
        x = x - (process.residual_weight(t) - process.residual_weight(u)) * residual + shared
        if eta:
            b2_t, b2_u = process.noise_var(t), process.noise_var(u)
            x = x + torch.sqrt(eta * (b2_t - b2_u) * b2_u / b2_t) * noise(x)
    residual = predict_at(predict, x, grid[-1]).clamp(-1, 1)
    return (lq - residual).clamp(-1, 1)


@SAMPLERS.register_module()
class SDTDDIMSampler(Sampler):
    """``sample_sdt_ddim`` in ``steps`` steps, for a ``SharedResidualProcess``.

    Args:
        steps: number of network calls; 3 in the paper, 4 for under-display cameras.
        eta: 0 for the deterministic sampler, 1 for the noise of the posterior.
        init_noise_std: standard deviation of the noise at the start, in [-1, 1] units.
    """

    walks = SharedResidualProcess

    def __init__(self, steps: int = 3, eta: float = 0.0, init_noise_std: float = 0.1):
        self.steps, self.eta, self.init_noise_std = steps, eta, init_noise_std

    def check(self, process: Process, steps: int | None = None) -> None:
        require_process(self, process, self.walks)
        if self.eta and not process.noise_vars.any():
            raise ValueError(
                f'eta={self.eta} adds noise, and the process has none (noise_scale=0); take eta=0'
            )
        steps = self.steps if steps is None else steps
        grid = sdt_step_grid(process.steps, steps)
        if process.train_times is not None:
            self._check_trained(grid, set(process.train_times), steps)

    @staticmethod
    def _check_trained(grid: list[int], trained: set[int], steps: int) -> None:
        missing = sorted(set(grid) - trained)
        if missing:
            raise ValueError(
                f'steps={steps} visits {grid}, but this network was trained at {sorted(trained)} '
                f'only and has never seen {missing}; choose another number of steps, or train with '
                'train_times=None'
            )

    def __call__(
        self,
        predict: Predict,
        process: SharedResidualProcess,
        lq: Tensor,
        noise: Noise,
        steps: int | None = None,
    ) -> Tensor:
        steps = self.steps if steps is None else steps
        return sample_sdt_ddim(predict, process, lq, noise, steps, self.eta, self.init_noise_std)
