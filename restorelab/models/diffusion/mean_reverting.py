"""The mean-reverting SDE of IR-SDE: a clean image drifts to its degraded version while noise is added.

``dx = theta_t (mu - x) dt + sigma_t dw`` with ``sigma_t^2 = 2 lambda^2 theta_t``; mu is the degraded image (IR-SDE,
arXiv 2301.11699). Names follow the paper: ``Theta`` is the integral of theta, ``alpha_t = exp(-Theta_t dt)``.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from restorelab.registry import OBJECTIVES, PROCESSES
from restorelab.structures import DiffusionState


def cosine_thetas(steps: int) -> Tensor:
    count = steps + 2
    u = torch.linspace(0, count, count + 1)
    alphas = torch.cos(((u / count) + 0.008) / 1.008 * math.pi * 0.5) ** 2
    alphas = alphas / alphas[0]
    return 1 - alphas[1:-1]


def linear_thetas(steps: int) -> Tensor:
    scale = 1000 / (steps + 1)
    return torch.linspace(scale * 0.0001, scale * 0.02, steps + 1)


def constant_thetas(steps: int) -> Tensor:
    return torch.ones(steps + 1)


SCHEDULES: dict[str, Callable[[int], Tensor]] = dict(
    cosine=cosine_thetas, linear=linear_thetas, constant=constant_thetas
)


@PROCESSES.register_module()
class MeanRevertingProcess(nn.Module):
    """Forward law, reverse steps and conversions of the mean-reverting SDE; no network inside.

    States are (B, C, H, W) in the images' own range [0, 1]. Steps ``t`` run 1..steps, 0 means clean; where a function
    takes ``t`` it is an int or an int64 tensor (B,). All schedule arithmetic is float32 in the order of the official
    code, because ``1 - alpha^2`` cancels near t = 1: a float64 schedule misses its numbers by 2e-4.

    Args:
        steps: T.
        noise_level: lambda, the standard deviation of the state at T around mu, in [0, 1] units.
        schedule: ``cosine``, ``linear`` or ``constant`` theta.
        eps: alpha at T, what is left of the clean image there.
        prediction: what the network answers: ``noise`` (IR-SDE, TPGDiff) or ``residual`` = clean - degraded, which a
            small network learns faster, and which needs no division by alpha in few-step samplers.
        respaced_steps: rebuild the schedule for this many steps while the network keeps seeing times up to ``steps``,
            as the official ``sample_T`` does. The noise levels then differ from the trained ones; it is here to
            reproduce numbers, few-step samplers are better.
    """

    def __init__(
        self,
        steps: int = 100,
        noise_level: float = 50 / 255,
        schedule: str = 'cosine',
        eps: float = 0.005,
        prediction: str = 'noise',
        respaced_steps: int | None = None,
    ):
        super().__init__()
        if schedule not in SCHEDULES:
            raise ValueError(
                f"no theta schedule is called '{schedule}'; choose from {list(SCHEDULES)}"
            )
        if prediction not in ('noise', 'residual'):
            raise ValueError(f"prediction is 'noise' or 'residual', not '{prediction}'")
        if not 0 < noise_level < 1:
            raise ValueError(
                f'noise_level is a standard deviation in [0, 1] units, such as 50 / 255; '
                f'got {noise_level}'
            )
        if not 0 < eps < 1:
            raise ValueError(
                f'eps is the share of the clean image left at the last step, such as 0.005; got {eps}'
            )
        if steps < 1 or (respaced_steps or 1) < 1:
            raise ValueError(
                f'a process has at least 1 step, not steps={steps}, respaced_steps={respaced_steps}'
            )
        self.steps = respaced_steps or steps
        self.prediction = prediction
        self.noise_level = noise_level
        self.time_scale = steps / self.steps
        with torch.device('cpu'):  # values, also while a model is built on the meta device
            thetas = SCHEDULES[schedule](self.steps)
            theta_sums = torch.cumsum(thetas, dim=0) - thetas[0]
            dt = -1 / theta_sums[-1] * math.log(eps)
            buffers = dict(
                thetas=thetas,
                sigmas=torch.sqrt(noise_level**2 * 2 * thetas),
                theta_sums=theta_sums,
                dt=dt,
                sigma_bars=torch.sqrt(noise_level**2 * (1 - torch.exp(-2 * theta_sums * dt))),
            )
        for name, value in buffers.items():
            self.register_buffer(name, value, persistent=False)

    @staticmethod
    def to_state(image: Tensor) -> Tensor:
        """The process works on images as they are."""
        return image

    @staticmethod
    def to_image(state: Tensor) -> Tensor:
        return state

    def time(self, t: Tensor) -> Tensor:
        """What the network is told for the steps ``t`` (B,): the step on the trained scale, as a float."""
        return t * self.time_scale

    def _at(self, table: Tensor, t: int | Tensor) -> Tensor:
        return table[t].view(-1, 1, 1, 1) if isinstance(t, Tensor) else table[t]

    def alpha(self, t: int | Tensor) -> Tensor:
        return torch.exp(-self._at(self.theta_sums, t) * self.dt)

    def sigma_bar(self, t: int | Tensor) -> Tensor:
        return self._at(self.sigma_bars, t)

    def mean(self, x_0: Tensor, mu: Tensor, t: int | Tensor) -> Tensor:
        return mu + (x_0 - mu) * self.alpha(t)

    def start(self, mu: Tensor, noise: Tensor) -> Tensor:
        """The state at T of which sampling begins: mu plus noise of ``noise_level``."""
        return mu + noise * self.noise_level

    def add_noise(
        self, gt: Tensor, lq: Tensor, t: Tensor | None = None, noise: Tensor | None = None
    ) -> DiffusionState:
        """A training state at ``t`` (B,), uniform over 1..steps when None."""
        if t is None:
            t = torch.randint(1, self.steps + 1, (len(gt),)).to(
                gt.device
            )  # drawn on the CPU: one stream everywhere
        noise = torch.randn_like(gt) if noise is None else noise
        x_t = self.mean(gt, lq, t) + self.sigma_bar(t) * noise
        target = noise if self.prediction == 'noise' else gt - lq
        return DiffusionState(x_t, t, target, noise, gt, lq)

    def noise_from(self, out: Tensor, x_t: Tensor, mu: Tensor, t: int | Tensor) -> Tensor:
        """Unit noise in ``x_t`` according to the network's answer ``out``."""
        if self.prediction == 'noise':
            return out
        return (x_t - mu - self.alpha(t) * out) / self.sigma_bar(t)

    def clean_from(self, out: Tensor, x_t: Tensor, mu: Tensor, t: int | Tensor) -> Tensor:
        """The clean image according to the network's answer ``out``."""
        if self.prediction == 'residual':
            return mu + out
        return (x_t - mu - self.sigma_bar(t) * out) * torch.exp(
            self._at(self.theta_sums, t) * self.dt
        ) + mu

    def score(self, noise: Tensor, t: int | Tensor) -> Tensor:
        return -noise / self.sigma_bar(t)

    def drift(self, x: Tensor, mu: Tensor, t: int | Tensor) -> Tensor:
        return self._at(self.thetas, t) * (mu - x) * self.dt

    def dispersion(self, noise: Tensor, t: int | Tensor) -> Tensor:
        return self._at(self.sigmas, t) * (noise * math.sqrt(self.dt))

    def forward_step(self, x: Tensor, mu: Tensor, noise: Tensor, t: int | Tensor) -> Tensor:
        return x + self.drift(x, mu, t) + self.dispersion(noise, t)

    def sde_reverse_drift(self, x: Tensor, mu: Tensor, score: Tensor, t: int | Tensor) -> Tensor:
        return (
            self._at(self.thetas, t) * (mu - x) - self._at(self.sigmas, t) ** 2 * score
        ) * self.dt

    def ode_reverse_drift(self, x: Tensor, mu: Tensor, score: Tensor, t: int | Tensor) -> Tensor:
        return (
            self._at(self.thetas, t) * (mu - x) - 0.5 * self._at(self.sigmas, t) ** 2 * score
        ) * self.dt

    def sde_step_mean(self, x: Tensor, mu: Tensor, score: Tensor, t: int | Tensor) -> Tensor:
        return x - self.sde_reverse_drift(x, mu, score, t)

    def sde_step(
        self, x: Tensor, mu: Tensor, score: Tensor, noise: Tensor, t: int | Tensor
    ) -> Tensor:
        return self.sde_step_mean(x, mu, score, t) - self.dispersion(noise, t)

    def ode_step(self, x: Tensor, mu: Tensor, score: Tensor, t: int | Tensor) -> Tensor:
        return x - self.ode_reverse_drift(x, mu, score, t)

    def posterior_coefficients(self, t: int | Tensor) -> tuple[Tensor, Tensor]:
        """Weights of ``x_t - mu`` and ``x_0 - mu`` in the mean of x_{t-1} given both."""
        a = torch.exp(-self._at(self.thetas, t) * self.dt)
        b = torch.exp(-self._at(self.theta_sums, t) * self.dt)
        c = torch.exp(-self._at(self.theta_sums, t - 1) * self.dt)
        return a * (1 - c**2) / (1 - b**2), c * (1 - a**2) / (1 - b**2)

    def posterior_mean(self, x_t: Tensor, x_0: Tensor, mu: Tensor, t: int | Tensor) -> Tensor:
        of_state, of_clean = self.posterior_coefficients(t)
        return of_state * (x_t - mu) + of_clean * (x_0 - mu) + mu

    def posterior_std(self, t: int | Tensor) -> Tensor:
        a = torch.exp(-2 * self._at(self.thetas, t) * self.dt)
        b = torch.exp(-2 * self._at(self.theta_sums, t) * self.dt)
        c = torch.exp(-2 * self._at(self.theta_sums, t - 1) * self.dt)
        var = (1 - a) * (1 - c) / (1 - b)
        return torch.exp(0.5 * torch.log(torch.clamp(var, min=1e-20 * self.dt))) * self.noise_level

    def matching_bias(self, t: int) -> tuple[Tensor, Tensor]:
        """``(c_e, c_r)``: training by matched reverse means teaches ``c_e noise + c_r (x_0 - mu)``, not the noise.

        The Euler mean and the exact posterior mean differ by what a step is long; their difference vanishes there.
        """
        weight = self.sigmas[t] ** 2 * self.dt / self.sigma_bars[t]
        of_state, of_clean = self.posterior_coefficients(t)
        kappa = (1 + self.thetas[t] * self.dt - of_state) / weight
        return kappa * self.sigma_bars[t], kappa * self.alpha(t) - of_clean / weight


@OBJECTIVES.register_module()
class ReverseMeanMatching:
    """Training pair of IR-SDE: the reverse SDE step's mean against the posterior's, instead of noise against noise.

    ``(process, out, state) -> (prediction, target)``, both (B, C, H, W). An L1 or L2 loss on them weights the noise
    error by ``sigma_t^2 dt / sigmabar_t``. Source: IR-SDE eq. 10 to 14, "maximum likelihood objective".
    """

    def check(self, process: object) -> None:
        """Raise TypeError when ``process`` has no such means; called when a model is built."""
        if not isinstance(process, MeanRevertingProcess):
            raise TypeError(
                f'objective ReverseMeanMatching compares steps of MeanRevertingProcess, but the process is '
                f'{type(process).__name__}; leave `objective` out'
            )

    def __call__(
        self, process: MeanRevertingProcess, out: Tensor, state: DiffusionState
    ) -> tuple[Tensor, Tensor]:
        noise = process.noise_from(out, state.x_t, state.lq, state.t)
        expectation = process.sde_step_mean(
            state.x_t, state.lq, process.score(noise, state.t), state.t
        )
        return expectation, process.posterior_mean(state.x_t, state.gt, state.lq, state.t)
