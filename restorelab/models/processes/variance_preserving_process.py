"""The diffusion of DDPM (arXiv 2006.11239): a clean image fades and noise takes its place."""

from collections.abc import Sequence

import torch
from torch import Tensor

from restorelab.models.processes.betas import BETAS
from restorelab.models.processes.gaussian_process import GaussianProcess
from restorelab.models.processes.tables import at, check_train_times, draw_times, register_tables
from restorelab.registry import PROCESSES
from restorelab.structures import DiffusionState

PREDICTIONS = ('noise', 'velocity')


@PROCESSES.register_module()
class VariancePreservingProcess(GaussianProcess):
    """``x_t = sqrt(a_t) x_0 + sqrt(1 - a_t) noise``, where ``a_t`` is the product of ``1 - beta``.

    The degraded image is no part of the law. Networks see it as a condition, and sampling begins at
    the degraded image with the noise of the last step.

    States are (B, C, H, W) in [-1, 1], or latents of about unit variance. Steps ``t`` run from 0 to
    ``steps - 1``; -1 means clean.

    Args:
        steps: T.
        betas: first and last beta.
        schedule: ``linear`` or ``scaled_linear`` betas between them.
        prediction: what the network predicts: ``noise``, or ``velocity`` =
            ``sqrt(a_t) noise - sqrt(1 - a_t) x_0`` (arXiv 2202.00512). At the last step the
            velocity is the clean image, with its sign changed. The noise there says nothing of it.
        train_times: draw training steps from these alone, uniformly; repeat one to weigh it. None
            is all T.
        ends_clean: the last sampling step goes to the clean image. False: it goes to the step 0, as
            SD-Turbo is configured, and leaves a little of the predicted noise.
    Raises: ValueError for an option that is not among those named here.
    """

    clean_step = -1

    def __init__(
        self,
        steps: int = 1000,
        betas: tuple[float, float] = (1e-4, 2e-2),
        schedule: str = 'linear',
        prediction: str = 'noise',
        train_times: Sequence[int] | None = None,
        ends_clean: bool = True,
    ):
        super().__init__()
        if schedule not in BETAS:
            raise ValueError(f"no beta schedule is called '{schedule}'; choose from {list(BETAS)}")
        if prediction not in PREDICTIONS:
            raise ValueError(f"prediction='{prediction}'; choose from {list(PREDICTIONS)}")
        check_train_times(train_times, steps)
        self.steps, self.prediction, self.ends_clean = steps, prediction, ends_clean
        self.train_times = None if train_times is None else list(train_times)
        with torch.device('cpu'):  # values, also while a model is built on the meta device
            all_betas = BETAS[schedule](*betas, steps)
            alpha_bar = torch.cumprod(1 - all_betas, dim=0)
            tables = dict(
                betas=all_betas,
                alpha_bar=alpha_bar,
                # the last entry is for t = -1, the clean image
                alphas=torch.cat([alpha_bar.sqrt(), torch.ones(1)]),
                sigma_bars=torch.cat([(1 - alpha_bar).sqrt(), torch.zeros(1)]),
            )
        register_tables(self, tables)

    def to_state(self, image: Tensor) -> Tensor:
        """[0, 1] -> [-1, 1]."""
        return image * 2 - 1

    def to_image(self, state: Tensor) -> Tensor:
        """[-1, 1] -> [0, 1]."""
        return (state + 1) / 2

    def center(self, lq: Tensor) -> Tensor:
        return torch.zeros_like(lq)

    def alpha(self, t: int | Tensor) -> Tensor:
        return at(self.alphas, t)

    def sigma_bar(self, t: int | Tensor) -> Tensor:
        return at(self.sigma_bars, t)

    def start(self, lq: Tensor, noise: Tensor) -> Tensor:
        last = self.steps - 1
        return self.alpha(last) * lq + self.sigma_bar(last) * noise

    def step_grid(self, steps: int) -> list[int]:
        """Evenly spaced steps from T - 1 down, such as [999, 749, 499, 249], and the end.

        This is the ``trailing`` spacing of diffusers.
        """
        self.check_steps(steps)
        grid = [round(self.steps - k * self.steps / steps) - 1 for k in range(steps)]
        return [*grid, self.clean_step if self.ends_clean else 0]

    def add_noise(
        self, gt: Tensor, lq: Tensor, t: Tensor | None = None, noise: Tensor | None = None
    ) -> DiffusionState:
        """A training state at ``t`` (B,), drawn from ``train_times`` when None."""
        noise = torch.randn_like(gt) if noise is None else noise
        if t is None:
            t = draw_times(len(gt), self.steps, self.train_times).to(gt.device)
        x_t = self.alpha(t) * gt + self.sigma_bar(t) * noise
        target = noise
        if self.prediction == 'velocity':
            target = self.alpha(t) * noise - self.sigma_bar(t) * gt
        return DiffusionState(x_t, t, target, noise, gt, lq)

    def clean_from(self, out: Tensor, x_t: Tensor, lq: Tensor, t: int | Tensor) -> Tensor:
        if self.prediction == 'velocity':
            return self.alpha(t) * x_t - self.sigma_bar(t) * out
        return (x_t - self.sigma_bar(t) * out) / self.alpha(t)

    def noise_from(self, out: Tensor, x_t: Tensor, lq: Tensor, t: int | Tensor) -> Tensor:
        if self.prediction == 'velocity':
            return self.sigma_bar(t) * x_t + self.alpha(t) * out
        return out
