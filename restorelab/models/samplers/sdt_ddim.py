"""Sampler of DiffUIR: from the shared distribution back to the clean image in a few deterministic steps.

``predict(x_t (B, C, H, W), t (B,)) -> residual``; ``noise`` is a source called with a tensor of the wanted shape: first
for the start, then, where ``eta`` is positive, once for each step but the last.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from restorelab.models.diffusion import SharedResidualProcess
from restorelab.registry import SAMPLERS

Predict = Callable[[Tensor, Tensor], Tensor]
NoiseSource = Callable[[Tensor], Tensor]


def sdt_step_grid(train_steps: int, steps: int) -> list[int]:
    """Steps visited, falling from T - 1, such as [999, 665, 332] for three of 1000.

    A float32 ramp cut off to integers, as in the official code: 84 step counts, 26 the first of them, hold an entry
    that is one lower than exact arithmetic would have it.
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
    noise: NoiseSource,
    steps: int,
    eta: float = 0.0,
    init_noise_std: float = 0.1,
) -> Tensor:
    """``x <- x - (A_t - A_u) r + (D_t - D_u) lq + sqrt(s2) n`` over the steps t > u; the last gives ``lq - r``.

    ``s2 = eta (B_t^2 - B_u^2) B_u^2 / B_t^2``. Two things are as in the official sampler because its numbers depend on
    them: there is no term for the predicted noise, so what noise the start has stays in the state; and the residual is
    clamped to [-1, 1] although it can reach 2.
    """
    x = process.start(lq, noise(lq), init_noise_std)
    grid = sdt_step_grid(process.steps, steps)
    for t, u in zip(grid, [*grid[1:], None], strict=True):
        residual = predict(x, torch.full((len(x),), t, device=x.device)).clamp(-1, 1)
        if u is None:
            return (lq - residual).clamp(-1, 1)
        x = (
            x
            - (process.residual_weight(t) - process.residual_weight(u)) * residual
            + (process.shared_weight(t) - process.shared_weight(u)) * lq
        )
        if eta:
            b2_t, b2_u = process.noise_var(t), process.noise_var(u)
            x = x + torch.sqrt(eta * (b2_t - b2_u) * b2_u / b2_t) * noise(x)
    raise AssertionError('a step grid is never empty')


@SAMPLERS.register_module()
class SDTDDIMSampler:
    """``sample_sdt_ddim`` in ``steps`` steps; restores states of ``SharedResidualProcess``.

    Args:
        steps: network evaluations; 3 in the paper, 4 for under-display cameras.
        eta: 0 for the deterministic sampler, 1 for the noise of the posterior.
        init_noise_std: standard deviation of the noise at the start, in [-1, 1] units.
    """

    def __init__(self, steps: int = 3, eta: float = 0.0, init_noise_std: float = 0.1):
        self.steps, self.eta, self.init_noise_std = steps, eta, init_noise_std

    def check(self, process: object) -> None:
        """Raise TypeError or ValueError when this sampler cannot walk ``process``; called when a model is built."""
        if not isinstance(process, SharedResidualProcess):
            raise TypeError(
                f'sampler SDTDDIMSampler reads states of SharedResidualProcess, but the process is '
                f'{type(process).__name__}; choose a sampler made for it'
            )
        if self.eta and not process.noise_vars.any():
            raise ValueError(
                f'eta={self.eta} adds noise, and the process has none (noise_scale=0); take eta=0'
            )
        grid = sdt_step_grid(process.steps, self.steps)
        if process.train_times is not None and (
            missing := sorted(set(grid) - set(process.train_times))
        ):
            raise ValueError(
                f'steps={self.steps} visits {grid}, but this network was trained at '
                f'{sorted(set(process.train_times))} only and has never seen {missing}; choose another '
                'number of steps, or train with train_times=None'
            )

    def __call__(
        self, predict: Predict, process: SharedResidualProcess, lq: Tensor, noise: NoiseSource
    ) -> Tensor:
        return sample_sdt_ddim(
            predict, process, lq, noise, self.steps, self.eta, self.init_noise_std
        )
