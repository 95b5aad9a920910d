"""The residual diffusion of DiffUIR, in which all degradations share one end.

``x_t = x_0 + A_t r + B_t e - D_t lq`` with the residual ``r = lq - x_0`` and unit noise ``e``.
The same as ``x_t = (1 - D_t) lq - (1 - A_t) r + B_t e``. D is the shared distribution term
(DiffUIR, arXiv 2403.11157): at the end the state has forgotten the degraded image, too. Without D
this is the process of RDDM (arXiv 2308.13712).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from restorelab.models.contracts import Process
from restorelab.models.processes.tables import at, check_train_times, draw_times, register_tables
from restorelab.registry import PROCESSES
from restorelab.structures import DiffusionState


@PROCESSES.register_module()
class SharedResidualProcess(Process):
    """Forward law of DiffUIR and its conversions. The network predicts the residual.

    States are (B, C, H, W) in [-1, 1]. Steps ``t`` run from 0 to ``steps - 1``. The sums A, B^2 and
    D are float32 in the order of the official code, to the last bit. They are not normalized: A
    ends at 0.9936, D at 0.9005.

    Args:
        steps: T.
        betas: first and last increment of the linear DDPM schedule from which A and B come.
        delta: last increment of D, which rises linearly from 1e-6; 0 switches D off.
        noise_scale: factor of B. Training with 1 sees noise that the sampler never shows the
            network, because it starts with 0.1. With 0.1 both agree, and a short training learns
            much faster. 0 is no noise at all, for a sampler with ``init_noise_std=0``.
        train_times: draw training steps from these alone, uniformly; repeat one to weigh it. None
            is all T. A sampler of three steps visits only 999, 665 and 332.
    Raises: ValueError for a ``delta`` or ``train_times`` that no schedule of ``steps`` has.
    """

    def __init__(
        self,
        steps: int = 1000,
        betas: tuple[float, float] = (1e-4, 2e-2),
        delta: float = 1.8e-3,
        noise_scale: float = 1.0,
        train_times: Sequence[int] | None = None,
    ):
        super().__init__()
        if not 0 <= delta < 1:
            raise ValueError(
                f'delta is an increment per step, such as 1.8e-3, or 0 for none; got {delta}'
            )
        check_train_times(train_times, steps)
        self.steps = steps
        self.train_times = None if train_times is None else list(train_times)
        with torch.device('cpu'):  # values, also while a model is built on the meta device
            alpha_bar = torch.cumprod(1 - torch.linspace(*betas, steps), dim=0)
            deltas = torch.linspace(1e-6, delta, steps) if delta else torch.zeros(steps)
            tables = dict(
                residual_sums=1 - alpha_bar**0.5,
                noise_vars=noise_scale**2 * (1 - alpha_bar),
                deltas=deltas,
                shared_sums=torch.clip(torch.cumsum(deltas, dim=0), 0, 1),
            )
        register_tables(self, tables)

    def to_state(self, image: Tensor) -> Tensor:
        """[0, 1] -> [-1, 1]."""
        return image * 2 - 1

    def to_image(self, state: Tensor) -> Tensor:
        """[-1, 1] -> [0, 1]."""
        return (state + 1) / 2

    def time(self, t: Tensor) -> Tensor:
        """``steps * A_t``, a float, not the step itself."""
        return self.residual_sums[t] * self.steps

    def residual_weight(self, t: int | Tensor) -> Tensor:
        """A_t."""
        return at(self.residual_sums, t)

    def noise_var(self, t: int | Tensor) -> Tensor:
        """B_t^2."""
        return at(self.noise_vars, t)

    def noise_std(self, t: int | Tensor) -> Tensor:
        """B_t."""
        return torch.sqrt(self.noise_var(t))

    def shared_weight(self, t: int | Tensor) -> Tensor:
        """D_t."""
        return at(self.shared_sums, t)

    def add_noise(
        self, gt: Tensor, lq: Tensor, t: Tensor | None = None, noise: Tensor | None = None
    ) -> DiffusionState:
        """A training state at ``t`` (B,), drawn from ``train_times`` when None."""
        if t is None:
            t = self.draw_times(len(gt)).to(gt.device)
        noise = torch.randn_like(gt) if noise is None else noise
        residual = lq - gt
        x_t = gt + self.residual_weight(t) * residual + self.noise_std(t) * noise
        x_t = x_t - self.shared_weight(t) * lq
        return DiffusionState(x_t, t, residual, noise, gt, lq)

    def draw_times(self, count: int) -> Tensor:
        """``count`` training steps (int64)."""
        return draw_times(count, self.steps, self.train_times)

    def start(self, lq: Tensor, noise: Tensor, noise_std: float) -> Tensor:
        """The state where sampling begins, without the 0.6 % of clean image that A leaves there.

        The official sampler takes ``noise_std=0.1`` although training saw 1: less restores better.
        """
        return (1 - self.shared_sums[-1]) * lq + noise_std * noise

    def clean_from(self, out: Tensor, x_t: Tensor, lq: Tensor, t: int | Tensor) -> Tensor:
        return lq - out

    def noise_from(self, out: Tensor, x_t: Tensor, lq: Tensor, t: int | Tensor) -> Tensor:
        """The unit noise in ``x_t`` that the network output ``out`` means."""
        mean = (1 - self.shared_weight(t)) * lq + (self.residual_weight(t) - 1) * out
        return (x_t - mean) / self.noise_std(t)
