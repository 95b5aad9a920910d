"""Samplers of the mean-reverting process: from the noisy degraded image back to the clean one.

Every function takes ``predict(x_t (B, C, H, W), t (B,)) -> the network's answer``, the process, ``mu`` (the degraded
image) and ``noise``, a source called with a tensor of the wanted shape: first for the start, then once a step where the
method is random. With ``y = x - mu`` the process is a variance-preserving diffusion scaled by lambda, so the few-step
solvers apply to ``y`` unchanged. They walk over a subset of the trained steps; the schedule is never rebuilt.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from restorelab.models.diffusion import MeanRevertingProcess
from restorelab.registry import SAMPLERS

Predict = Callable[[Tensor, Tensor], Tensor]
NoiseSource = Callable[[Tensor], Tensor]


def ask(predict: Predict, x: Tensor, t: int) -> Tensor:
    return predict(x, torch.full((len(x),), t, device=x.device))


def log_snr(process: MeanRevertingProcess, t: int | Tensor) -> Tensor:
    return torch.log(process.alpha(t) / process.sigma_bar(t))


def step_grid(process: MeanRevertingProcess, steps: int) -> list[int]:
    """``steps`` trained steps from T down to 1, as evenly spaced in log(alpha / sigma) as integers allow."""
    if not 1 <= steps <= process.steps:
        raise ValueError(
            f'steps must be between 1 and the {process.steps} trained ones, not {steps}'
        )
    alphas = torch.exp(-process.theta_sums[1:] * process.dt)
    levels = torch.log(alphas / process.sigma_bars[1:])  # falling with t
    wanted = torch.linspace(float(levels[-1]), float(levels[0]), steps)
    grid = []
    for k, level in enumerate(wanted):
        t = int((levels - level).abs().argmin()) + 1
        ceiling = grid[-1] - 1 if grid else process.steps
        grid.append(
            max(min(t, ceiling), steps - k)
        )  # strictly falling, and leaving room for those to come
    return grid


@torch.no_grad()
def sample_euler_sde(
    predict: Predict, process: MeanRevertingProcess, mu: Tensor, noise: NoiseSource
) -> Tensor:
    """Euler-Maruyama on the reverse SDE, all steps (IR-SDE eq. 5). Leaves noise of sigma_1 sqrt(dt) in the image."""
    x = process.start(mu, noise(mu))
    for t in range(process.steps, 0, -1):
        score = process.score(process.noise_from(ask(predict, x, t), x, mu, t), t)
        x = process.sde_step(x, mu, score, noise(x), t)
    return x


@torch.no_grad()
def sample_euler_ode(
    predict: Predict, process: MeanRevertingProcess, mu: Tensor, noise: NoiseSource
) -> Tensor:
    """Euler on the probability-flow ODE, all steps; random in its start only."""
    x = process.start(mu, noise(mu))
    for t in range(process.steps, 0, -1):
        score = process.score(process.noise_from(ask(predict, x, t), x, mu, t), t)
        x = process.ode_step(x, mu, score, t)
    return x


@torch.no_grad()
def sample_posterior(
    predict: Predict, process: MeanRevertingProcess, mu: Tensor, noise: NoiseSource
) -> Tensor:
    """Ancestral sampling from the exact posterior, all steps: the sampler of TPGDiff's numbers."""
    x = process.start(mu, noise(mu))
    for t in range(process.steps, 0, -1):
        clean = process.clean_from(ask(predict, x, t), x, mu, t)
        x = process.posterior_mean(x, clean, mu, t) + process.posterior_std(t) * noise(x)
    return x


@torch.no_grad()
def sample_posterior_respaced(
    predict: Predict, process: MeanRevertingProcess, mu: Tensor, noise: NoiseSource, grid: list[int]
) -> Tensor:
    """Ancestral sampling over the steps of ``grid`` only, by the posterior of a jump t -> s."""
    y = process.start(mu, noise(mu)) - mu
    for t, s in zip(grid, [*grid[1:], 0], strict=True):
        residual = process.clean_from(ask(predict, y + mu, t), y + mu, mu, t) - mu
        alpha_t, alpha_s = process.alpha(t), process.alpha(s)
        ratio = alpha_t / alpha_s
        of_state = ratio * (1 - alpha_s**2) / (1 - alpha_t**2)
        of_clean = alpha_s * (1 - ratio**2) / (1 - alpha_t**2)
        std = process.noise_level * torch.sqrt((1 - ratio**2) * (1 - alpha_s**2) / (1 - alpha_t**2))
        y = of_state * y + of_clean * residual + std * noise(y)
    return y + mu


def debiased_residual(process: MeanRevertingProcess, out: Tensor, y: Tensor, t: int) -> Tensor:
    """Clean minus degraded image from a noise prediction that was trained by matched reverse means."""
    of_noise, of_residual = process.matching_bias(t)
    sigma, alpha = process.sigma_bar(t), process.alpha(t)
    return (of_noise * y - sigma * out) / (alpha * of_noise - sigma * of_residual)


def read_answer(
    process: MeanRevertingProcess, out: Tensor, y: Tensor, mu: Tensor, t: int, debias: bool
) -> tuple[Tensor, Tensor]:
    """(residual, noise) that the answer ``out`` means for the state ``y = x_t - mu``."""
    if not debias:
        return process.clean_from(out, y + mu, mu, t) - mu, process.noise_from(out, y + mu, mu, t)
    residual = debiased_residual(process, out, y, t)
    return residual, (y - process.alpha(t) * residual) / process.sigma_bar(t)


@torch.no_grad()
def sample_ddim(
    predict: Predict,
    process: MeanRevertingProcess,
    mu: Tensor,
    noise: NoiseSource,
    grid: list[int],
    debias: bool = False,
    noise_scale: float = 1.0,
) -> Tensor:
    """DDIM with eta = 0 on ``y = x - mu`` (arXiv 2010.02502): ``y <- alpha_s residual + sigma_s noise``."""
    y = process.start(mu, noise_scale * noise(mu)) - mu
    for t, s in zip(grid, [*grid[1:], 0], strict=True):
        residual, eps = read_answer(process, ask(predict, y + mu, t), y, mu, t, debias)
        y = process.alpha(s) * residual + process.sigma_bar(s) * eps
    return y + mu


@torch.no_grad()
def sample_multistep_dpm(
    predict: Predict,
    process: MeanRevertingProcess,
    mu: Tensor,
    noise: NoiseSource,
    grid: list[int],
    debias: bool = False,
    noise_scale: float = 1.0,
) -> Tensor:
    """DPM-Solver++(2M) on ``y = x - mu`` (arXiv 2211.01095): second order from the previous step's answer.

    With ``l = ln(alpha / sigma)`` and ``h = l_s - l_t``: ``D = r + h / (2 h_prev) (r - r_prev)``,
    ``y <- sigma_s / sigma_t y - alpha_s expm1(-h) D``; the last step takes the residual itself.
    """
    y = process.start(mu, noise_scale * noise(mu)) - mu
    previous, h_previous = None, None
    for t, s in zip(grid, [*grid[1:], 0], strict=True):
        residual, _ = read_answer(process, ask(predict, y + mu, t), y, mu, t, debias)
        if s == 0:
            return residual + mu
        h = log_snr(process, s) - log_snr(process, t)
        direction = residual
        if previous is not None:
            direction = residual + h / (2 * h_previous) * (residual - previous)
        y = (
            process.sigma_bar(s) / process.sigma_bar(t) * y
            - process.alpha(s) * torch.expm1(-h) * direction
        )
        previous, h_previous = residual, h
    raise AssertionError('a step grid always ends at 0')


class MeanRevertingSampler:
    """What the samplers below share: they read states of ``MeanRevertingProcess``."""

    debias = False

    def check(self, process: object) -> None:
        """Raise TypeError or ValueError when this sampler cannot walk ``process``; called when a model is built."""
        if not isinstance(process, MeanRevertingProcess):
            raise TypeError(
                f'sampler {type(self).__name__} reads states of MeanRevertingProcess, but the process is '
                f'{type(process).__name__}; choose a sampler made for it'
            )
        if self.debias and process.prediction != 'noise':
            raise ValueError(
                f'{type(self).__name__}(debias=True) corrects a noise prediction, but the process '
                f"predicts '{process.prediction}'; drop debias"
            )
        if getattr(self, 'steps', None) is not None:
            step_grid(process, self.steps)


@SAMPLERS.register_module()
class EulerSDE(MeanRevertingSampler):
    """``sample_euler_sde`` over all trained steps."""

    def __call__(
        self, predict: Predict, process: MeanRevertingProcess, mu: Tensor, noise: NoiseSource
    ) -> Tensor:
        return sample_euler_sde(predict, process, mu, noise)


@SAMPLERS.register_module()
class EulerODE(MeanRevertingSampler):
    """``sample_euler_ode`` over all trained steps."""

    def __call__(
        self, predict: Predict, process: MeanRevertingProcess, mu: Tensor, noise: NoiseSource
    ) -> Tensor:
        return sample_euler_ode(predict, process, mu, noise)


@SAMPLERS.register_module()
class Posterior(MeanRevertingSampler):
    """``sample_posterior``: all trained steps (``steps=None``, the official sampler), or ``steps`` of them."""

    def __init__(self, steps: int | None = None):
        self.steps = steps

    def __call__(
        self, predict: Predict, process: MeanRevertingProcess, mu: Tensor, noise: NoiseSource
    ) -> Tensor:
        if self.steps is None or self.steps == process.steps:
            return sample_posterior(predict, process, mu, noise)
        return sample_posterior_respaced(
            predict, process, mu, noise, step_grid(process, self.steps)
        )


@SAMPLERS.register_module()
class DDIM(MeanRevertingSampler):
    """``sample_ddim`` over ``steps`` of the trained steps.

    Args:
        debias: for networks trained by ReverseMeanMatching.
        noise_scale: of the starting noise. 1 draws a sample; 0 starts at the degraded image itself, which gives up
            invented texture for fidelity (PSNR), the more so the less a network is trained.
    """

    def __init__(self, steps: int = 20, debias: bool = False, noise_scale: float = 1.0):
        self.steps, self.debias, self.noise_scale = steps, debias, noise_scale

    def __call__(
        self, predict: Predict, process: MeanRevertingProcess, mu: Tensor, noise: NoiseSource
    ) -> Tensor:
        return sample_ddim(
            predict,
            process,
            mu,
            noise,
            step_grid(process, self.steps),
            self.debias,
            self.noise_scale,
        )


@SAMPLERS.register_module()
class MultistepDPM(MeanRevertingSampler):
    """``sample_multistep_dpm`` over ``steps`` of the trained steps; ``debias`` and ``noise_scale`` as for ``DDIM``."""

    def __init__(self, steps: int = 10, debias: bool = False, noise_scale: float = 1.0):
        self.steps, self.debias, self.noise_scale = steps, debias, noise_scale

    def __call__(
        self, predict: Predict, process: MeanRevertingProcess, mu: Tensor, noise: NoiseSource
    ) -> Tensor:
        return sample_multistep_dpm(
            predict,
            process,
            mu,
            noise,
            step_grid(process, self.steps),
            self.debias,
            self.noise_scale,
        )
