"""What the processes share that pull an image to a center while they add Gaussian noise."""

from torch import Tensor

from restorelab.models.contracts import Process


class GaussianProcess(Process):
    """A process with the states ``x_t = center + alpha_t (x_0 - center) + sigma_bar_t noise``.

    With ``y = x - center`` all such processes look alike, so that ``DDIM`` and ``MultistepDPM``
    walk each of them.

    Attributes:
        clean_step: the step ``t`` that means the clean image.
    """

    clean_step: int

    def center(self, lq: Tensor) -> Tensor:
        """Where the states are drawn to, (B, C, H, W)."""
        raise NotImplementedError

    def alpha(self, t: int | Tensor) -> Tensor:
        """The share of the clean image in ``x_t``: 1 where sampling ends, near 0 at its start."""
        raise NotImplementedError

    def sigma_bar(self, t: int | Tensor) -> Tensor:
        """The standard deviation of the noise in ``x_t``."""
        raise NotImplementedError

    def start(self, lq: Tensor, noise: Tensor) -> Tensor:
        """The state where sampling begins, from the degraded image and unit noise."""
        raise NotImplementedError

    def step_grid(self, steps: int) -> list[int]:
        """The ``steps`` steps that a sampler visits, falling, and behind them the one it ends at.

        Raises: ValueError when the process does not have so many steps.
        """
        raise NotImplementedError

    def noise_from(self, out: Tensor, x_t: Tensor, lq: Tensor, t: int | Tensor) -> Tensor:
        """The unit noise in ``x_t`` that the network output ``out`` means."""
        raise NotImplementedError

    def check_steps(self, steps: int) -> None:
        """Raise ValueError unless a sampler can visit ``steps`` of the trained steps."""
        if not 1 <= steps <= self.steps:
            raise ValueError(
                f'steps must be between 1 and the {self.steps} trained ones, not {steps}'
            )
