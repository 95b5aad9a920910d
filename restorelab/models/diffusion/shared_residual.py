"""The residual diffusion of DiffUIR, whose state forgets the degraded image too, so that all tasks share one end.

``x_t = x_0 + A_t r + B_t e - D_t lq`` with the residual ``r = lq - x_0`` and unit noise ``e``; equally
``x_t = (1 - D_t) lq - (1 - A_t) r + B_t e``. D is the shared distribution term (DiffUIR, arXiv 2403.11157); without it
this is the process of RDDM (arXiv 2308.13712).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from restorelab.registry import PROCESSES
from restorelab.structures import DiffusionState


@PROCESSES.register_module()
class SharedResidualProcess(nn.Module):
    """Forward law of DiffUIR and its conversions; no network inside. The network answers with the residual.

    States are (B, C, H, W) in [-1, 1]: ``to_state`` and ``to_image`` map from and to [0, 1]. Steps ``t`` run
    0..steps - 1; where a function takes ``t`` it is an int or an int64 tensor (B,). The sums A, B^2 and D are float32
    in the order of the official code, to the last bit. They are not normalized: A ends at 0.9936, D at 0.9005.

    Args:
        steps: T.
        betas: first and last increment of the linear DDPM schedule from which A and B come.
        delta: last increment of the shared distribution term, which rises linearly from 1e-6; 0 switches it off.
        noise_scale: factor of B. Training at 1 sees noise that the sampler, which starts with 0.1, never shows the
            network; at 0.1 the two agree, and a short training learns much faster. 0 is no noise at all, for a
            sampler with ``init_noise_std=0``.
        train_times: draw training steps from these alone, uniformly (repeat one to weigh it); None for all T. A
            sampler of three steps never asks for others than 999, 665 and 332.
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
                f'delta is an increment a step, such as 1.8e-3, or 0 for none; got {delta}'
            )
        if train_times is not None and not (
            train_times and all(0 <= t < steps for t in train_times)
        ):
            raise ValueError(
                f'train_times={list(train_times)}: name steps from 0 to {steps - 1}, or None for all'
            )
        self.steps = steps
        self.train_times = None if train_times is None else list(train_times)
        with torch.device('cpu'):  # values, also while a model is built on the meta device
            alpha_bar = torch.cumprod(1 - torch.linspace(*betas, steps), dim=0)
            deltas = torch.linspace(1e-6, delta, steps) if delta else torch.zeros(steps)
            buffers = dict(
                residual_sums=1 - alpha_bar**0.5,
                noise_vars=noise_scale**2 * (1 - alpha_bar),
                deltas=deltas,
                shared_sums=torch.clip(torch.cumsum(deltas, dim=0), 0, 1),
            )
        for name, value in buffers.items():
            self.register_buffer(name, value, persistent=False)

    @staticmethod
    def to_state(image: Tensor) -> Tensor:
        """[0, 1] -> [-1, 1]."""
        return image * 2 - 1

    @staticmethod
    def to_image(state: Tensor) -> Tensor:
        """[-1, 1] -> [0, 1]."""
        return (state + 1) / 2

    def time(self, t: Tensor) -> Tensor:
        """What the network is told for the steps ``t`` (B,): ``steps * A_t``, a float, not the step itself."""
        return self.residual_sums[t] * self.steps

    def _at(self, table: Tensor, t: int | Tensor) -> Tensor:
        return table[t].view(-1, 1, 1, 1) if isinstance(t, Tensor) else table[t]

    def residual_weight(self, t: int | Tensor) -> Tensor:
        """A_t."""
        return self._at(self.residual_sums, t)

    def noise_var(self, t: int | Tensor) -> Tensor:
        """B_t^2."""
        return self._at(self.noise_vars, t)

    def noise_std(self, t: int | Tensor) -> Tensor:
        """B_t."""
        return torch.sqrt(self.noise_var(t))

    def shared_weight(self, t: int | Tensor) -> Tensor:
        """D_t."""
        return self._at(self.shared_sums, t)

    def add_noise(
        self, gt: Tensor, lq: Tensor, t: Tensor | None = None, noise: Tensor | None = None
    ) -> DiffusionState:
        """A training state at ``t`` (B,), drawn from ``train_times`` when None; the target is ``lq - gt``."""
        if t is None:
            t = self.draw_times(len(gt)).to(gt.device)
        noise = torch.randn_like(gt) if noise is None else noise
        residual = lq - gt
        x_t = (
            gt
            + self.residual_weight(t) * residual
            + self.noise_std(t) * noise
            - self.shared_weight(t) * lq
        )
        return DiffusionState(x_t, t, residual, noise, gt, lq)

    def draw_times(self, count: int) -> Tensor:
        """``count`` training steps (int64), drawn on the CPU: one stream everywhere."""
        if self.train_times is None:
            return torch.randint(0, self.steps, (count,))
        return torch.tensor(self.train_times)[torch.randint(0, len(self.train_times), (count,))]

    def start(self, lq: Tensor, noise: Tensor, noise_std: float) -> Tensor:
        """The state at T of which sampling begins, without the 0.6 % of clean image that A leaves there.

        The official sampler takes ``noise_std=0.1`` although training saw 1.0: a smaller one restores better.
        """
        return (1 - self.shared_sums[-1]) * lq + noise_std * noise

    def clean_from(self, out: Tensor, x_t: Tensor, lq: Tensor, t: int | Tensor) -> Tensor:
        """The clean image according to the network's answer ``out``."""
        return lq - out

    def noise_from(self, out: Tensor, x_t: Tensor, lq: Tensor, t: int | Tensor) -> Tensor:
        """Unit noise in ``x_t`` according to the network's answer ``out``."""
        mean = (1 - self.shared_weight(t)) * lq + (self.residual_weight(t) - 1) * out
        return (x_t - mean) / self.noise_std(t)
