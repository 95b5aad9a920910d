"""The moving average of the ema_pytorch package, which diffusion repositories use."""

import torch
from mmengine.model import BaseAveragedModel
from torch import Tensor, nn

from restorelab.registry import MODELS


def inverse_decay(count: int, beta: float, power: float) -> float:
    """Weight of the old average, ``count`` steps after averaging began.

    min(beta, 1 - (1 + count)^-power)
    """
    return min(beta, 1 - (1 + max(count, 0)) ** -power)


@MODELS.register_module()
class InverseDecayEMA(BaseAveragedModel):
    """Moving average that looks further back as the training grows older, updated every few steps.

    With s the number of the call, from 0: nothing happens unless s is a multiple of ``every``. The
    weights are copied while s <= ``start``. Afterwards, with n = s - ``start``, the average is
    ema <- d ema + (1 - d) w with d = min(beta, 1 - (1 + n)^-power).
    Source: ema_pytorch 0.2.3, as TPGDiff uses it; a warm-up as in Karras et al.

    Args:
        model: the model to average.
        beta: highest weight of the old average.
        every: calls between two updates.
        start: last call that copies.
        power: how fast d approaches 1.
        copy_first: copy at the first update after ``start``, too, as ema_pytorch 0.0.10 (DiffUIR).
        device, update_buffers: as in MMEngine's averaged models.
    """

    def __init__(
        self,
        model: nn.Module,
        beta: float = 0.995,
        every: int = 10,
        start: int = 100,
        power: float = 2 / 3,
        copy_first: bool = False,
        device: torch.device | None = None,
        update_buffers: bool = False,
    ):
        super().__init__(model, interval=every, device=device, update_buffers=update_buffers)
        self.beta, self.start, self.power = beta, start, power
        first_update = (start // every + 1) * every
        self.copy_until = first_update if copy_first else start

    def avg_func(self, averaged_param: Tensor, source_param: Tensor, steps: Tensor) -> None:
        call = int(steps)
        if call <= self.copy_until:
            averaged_param.copy_(source_param)
        else:
            kept = inverse_decay(call - self.start, self.beta, self.power)
            averaged_param.lerp_(source_param, 1 - kept)
