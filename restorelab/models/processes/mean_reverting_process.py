"""The mean-reverting SDE of IR-SDE: an image drifts to its degraded version and gets noisier.

``dx = theta_t (mu - x) dt + sigma_t dw`` with ``sigma_t^2 = 2 lambda^2 theta_t``. ``mu`` is the
degraded image (IR-SDE, arXiv 2301.11699). Names follow the paper: ``Theta`` is the integral of
theta, and ``alpha_t = exp(-Theta_t dt)``.
"""

import math

import torch
from torch import Tensor

from restorelab.models.processes.gaussian_process import GaussianProcess
from restorelab.models.processes.tables import at, register_tables
from restorelab.models.processes.thetas import THETAS
from restorelab.registry import PROCESSES
from restorelab.structures import DiffusionState


@PROCESSES.register_module()
class MeanRevertingProcess(GaussianProcess):
    """Forward law, reverse steps and conversions of the mean-reverting SDE.

    States are (B, C, H, W) in the images' own range [0, 1]. Steps ``t`` run from 1 to ``steps``;
    0 means clean. The schedule is computed in float32 in the order of the official code: near t = 1
    ``1 - alpha^2`` cancels, and a float64 schedule misses the official numbers by 2e-4.

    Args:
        steps: T.
        noise_level: lambda, the standard deviation of the state at T around mu, in [0, 1] units.
        schedule: ``cosine``, ``linear`` or ``constant`` theta.
        eps: alpha at T, what is left of the clean image there.
        prediction: what the network predicts. ``noise``, as IR-SDE and TPGDiff have it, or
            ``residual`` = clean - degraded. A small network learns the residual faster, and
            few-step samplers need no division by alpha with it.
        respaced_steps: rebuild the schedule for this many steps, as the official ``sample_T`` does,
            while the network sees times up to ``steps``. The noise levels then differ from the
            trained ones. It reproduces official numbers; few-step samplers are better.
    """

    clean_step = 0

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
        self._validate(steps, noise_level, schedule, eps, prediction, respaced_steps)
        self.steps = respaced_steps or steps
        self.prediction = prediction
        self.noise_level = noise_level
        self.time_scale = steps / self.steps
        with torch.device('cpu'):  # values, also while a model is built on the meta device
            thetas = THETAS[schedule](self.steps)
            theta_sums = torch.cumsum(thetas, dim=0) - thetas[0]
            dt = -1 / theta_sums[-1] * math.log(eps)
            tables = dict(
                thetas=thetas,
                sigmas=torch.sqrt(noise_level**2 * 2 * thetas),
                theta_sums=theta_sums,
                dt=dt,
                sigma_bars=torch.sqrt(noise_level**2 * (1 - torch.exp(-2 * theta_sums * dt))),
            )
        register_tables(self, tables)

    @staticmethod
    def _validate(
        steps: int,
        noise_level: float,
        schedule: str,
        eps: float,
        prediction: str,
        respaced_steps: int | None,
    ) -> None:
        if schedule not in THETAS:
            raise ValueError(
                f"no theta schedule is called '{schedule}'; choose from {list(THETAS)}"
            )
        if prediction not in ('noise', 'residual'):
            raise ValueError(f"prediction is 'noise' or 'residual', not '{prediction}'")
        if not 0 < noise_level < 1:
            raise ValueError(
                'noise_level is a standard deviation in [0, 1] units, such as 50 / 255; '
                f'got {noise_level}'
            )
        if not 0 < eps < 1:
            raise ValueError(
                'eps is the share of the clean image left at the last step, such as 0.005; '
                f'got {eps}'
            )
        if steps < 1 or (respaced_steps is not None and respaced_steps < 1):
            raise ValueError(
                f'a process has at least 1 step, not steps={steps}, respaced_steps={respaced_steps}'
            )

    def time(self, t: Tensor) -> Tensor:
        """The step on the trained scale, as a float."""
        return t * self.time_scale

    def center(self, lq: Tensor) -> Tensor:
        return lq

    def alpha(self, t: int | Tensor) -> Tensor:
        return torch.exp(-at(self.theta_sums, t) * self.dt)

    def sigma_bar(self, t: int | Tensor) -> Tensor:
        return at(self.sigma_bars, t)

    def mean(self, x_0: Tensor, mu: Tensor, t: int | Tensor) -> Tensor:
        """The mean of ``x_t`` given the clean image."""
        return mu + (x_0 - mu) * self.alpha(t)

    def start(self, lq: Tensor, noise: Tensor) -> Tensor:
        return lq + noise * self.noise_level

    def step_grid(self, steps: int) -> list[int]:
        """Trained steps from T down to 1, and 0.

        They are as evenly spaced in log(alpha / sigma) as whole numbers allow.
        """
        self.check_steps(steps)
        alphas = torch.exp(-self.theta_sums[1:] * self.dt)
        levels = torch.log(alphas / self.sigma_bars[1:])  # falling with t
        wanted = torch.linspace(float(levels[-1]), float(levels[0]), steps)
        grid = []
        for k, level in enumerate(wanted):
            t = int((levels - level).abs().argmin()) + 1
            ceiling = grid[-1] - 1 if grid else self.steps
            t = min(t, ceiling)  # strictly falling
            grid.append(max(t, steps - k))  # and leaving room for those to come
        return [*grid, 0]

    def add_noise(
        self, gt: Tensor, lq: Tensor, t: Tensor | None = None, noise: Tensor | None = None
    ) -> DiffusionState:
        """A training state at ``t`` (B,), uniform over 1..steps when None."""
        if t is None:  # drawn on the CPU, so that every device sees the same steps
            t = torch.randint(1, self.steps + 1, (len(gt),)).to(gt.device)
        noise = torch.randn_like(gt) if noise is None else noise
        x_t = self.mean(gt, lq, t) + self.sigma_bar(t) * noise
        target = noise if self.prediction == 'noise' else gt - lq
        return DiffusionState(x_t, t, target, noise, gt, lq)

    def noise_from(self, out: Tensor, x_t: Tensor, lq: Tensor, t: int | Tensor) -> Tensor:
        if self.prediction == 'noise':
            return out
        return (x_t - lq - self.alpha(t) * out) / self.sigma_bar(t)

    def clean_from(self, out: Tensor, x_t: Tensor, lq: Tensor, t: int | Tensor) -> Tensor:
        if self.prediction == 'residual':
            return lq + out
        of_clean = x_t - lq - self.sigma_bar(t) * out
        return of_clean * torch.exp(at(self.theta_sums, t) * self.dt) + lq

    def score(self, noise: Tensor, t: int | Tensor) -> Tensor:
        """The gradient of the log density at ``x_t``, whose unit noise is ``noise``."""
        return -noise / self.sigma_bar(t)

    def drift(self, x: Tensor, mu: Tensor, t: int | Tensor) -> Tensor:
        return at(self.thetas, t) * (mu - x) * self.dt

    def dispersion(self, noise: Tensor, t: int | Tensor) -> Tensor:
        return at(self.sigmas, t) * (noise * math.sqrt(self.dt))

    def forward_step(self, x: Tensor, mu: Tensor, noise: Tensor, t: int | Tensor) -> Tensor:
        return x + self.drift(x, mu, t) + self.dispersion(noise, t)

    def sde_reverse_drift(self, x: Tensor, mu: Tensor, score: Tensor, t: int | Tensor) -> Tensor:
        drift = at(self.thetas, t) * (mu - x)
        return (drift - at(self.sigmas, t) ** 2 * score) * self.dt

    def ode_reverse_drift(self, x: Tensor, mu: Tensor, score: Tensor, t: int | Tensor) -> Tensor:
        drift = at(self.thetas, t) * (mu - x)
        return (drift - 0.5 * at(self.sigmas, t) ** 2 * score) * self.dt

    def sde_step_mean(self, x: Tensor, mu: Tensor, score: Tensor, t: int | Tensor) -> Tensor:
        """The mean of a reverse SDE step."""
        return x - self.sde_reverse_drift(x, mu, score, t)

    def sde_step(
        self, x: Tensor, mu: Tensor, score: Tensor, noise: Tensor, t: int | Tensor
    ) -> Tensor:
        return self.sde_step_mean(x, mu, score, t) - self.dispersion(noise, t)

    def ode_step(self, x: Tensor, mu: Tensor, score: Tensor, t: int | Tensor) -> Tensor:
        return x - self.ode_reverse_drift(x, mu, score, t)

    def posterior_coefficients(self, t: int | Tensor) -> tuple[Tensor, Tensor]:
        """Weights of ``x_t - mu`` and ``x_0 - mu`` in the mean of x_{t-1} given both."""
        a = torch.exp(-at(self.thetas, t) * self.dt)
        b = torch.exp(-at(self.theta_sums, t) * self.dt)
        c = torch.exp(-at(self.theta_sums, t - 1) * self.dt)
        return a * (1 - c**2) / (1 - b**2), c * (1 - a**2) / (1 - b**2)

    def posterior_mean(self, x_t: Tensor, x_0: Tensor, mu: Tensor, t: int | Tensor) -> Tensor:
        of_state, of_clean = self.posterior_coefficients(t)
        return of_state * (x_t - mu) + of_clean * (x_0 - mu) + mu

    def posterior_std(self, t: int | Tensor) -> Tensor:
        a = torch.exp(-2 * at(self.thetas, t) * self.dt)
        b = torch.exp(-2 * at(self.theta_sums, t) * self.dt)
        c = torch.exp(-2 * at(self.theta_sums, t - 1) * self.dt)
        var = (1 - a) * (1 - c) / (1 - b)
        return torch.exp(0.5 * torch.log(torch.clamp(var, min=1e-20 * self.dt))) * self.noise_level

    def matching_bias(self, t: int) -> tuple[Tensor, Tensor]:
        """``(c_e, c_r)``: what training by ``ReverseMeanMatching`` teaches a noise prediction.

        The network learns ``c_e noise + c_r (x_0 - mu)`` instead of the noise: for steps of finite
        length the Euler mean and the exact posterior mean differ, and agree only there.
        """
        weight = self.sigmas[t] ** 2 * self.dt / self.sigma_bars[t]
        of_state, of_clean = self.posterior_coefficients(t)
        kappa = (1 + self.thetas[t] * self.dt - of_state) / weight
        return kappa * self.sigma_bars[t], kappa * self.alpha(t) - of_clean / weight
