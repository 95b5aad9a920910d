"""A curve of brightness and color that changes slowly over the picture."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from restorelab.models.contracts import RegressionBackbone
from restorelab.registry import BACKBONES
from restorelab.structures import Condition, TapContext

AIRLIGHT = 0.85  # what most hazes look like
DARKEST = 0.005  # keeps the slope of a power finite at black


@BACKBONES.register_module()
class ToneCurve(RegressionBackbone):
    """Undo darkness and haze, pixel by pixel, by the curve that a ``TonePrior`` found.

    With the six numbers (k, p, s, r, g, b) of a place, first the inverse of an exposure
    ``L = gain * J^gamma``, then that of a haze ``I = J t + A (1 - t)``:

        lifted = (exp(k) x + e)^exp(p) - e^exp(p),    e = 0.005
        restored = exp(s) (lifted - A) + A,           A = 0.85 + (r, g, b)

    So k is -log gain, p is -log gamma, s is -log t. All three are bounded (``_bounded``). The
    numbers are interpolated between the cells of the prior's grid. They lie in the whole picture,
    so a tile gets those of its place. Where all are 0, nothing changes.
    Source: the two degradation models are those of ``lowlight`` and ``haze``
        (restorelab/datasets/degradations).

    Args:
        name: of the tokens that hold the numbers.
    """

    def __init__(self, name: str):
        super().__init__()
        self.name = name

    def forward(self, lq: Tensor, ctx: TapContext | None = None) -> Tensor:
        cond = Condition() if ctx is None else ctx.cond
        cells = cond.token(self.name).float()
        side = math.isqrt(cells.shape[1])
        cells = cells.transpose(1, 2).reshape(len(cells), -1, side, side)
        k, p, s, tint = self._at_pixels(cells, lq, cond.region).split([1, 1, 1, 3], dim=1)
        power = _bounded(p, 1.5).exp()
        lifted = (lq.float().clamp(min=0) * _bounded(k, 2.5).exp() + DARKEST) ** power
        lifted = lifted - DARKEST**power
        airlight = AIRLIGHT + tint
        return _bounded(s, 2.5).exp() * (lifted - airlight) + airlight

    @staticmethod
    def _at_pixels(cells: Tensor, lq: Tensor, region: Tensor | None) -> Tensor:
        """The numbers (B, 6, H, W) at the pixels of ``lq``, from those of the cells."""
        if region is None:
            region = cells.new_tensor([[0.0, 0.0, 1.0, 1.0]])
        height, width = lq.shape[-2:]
        top, left, bottom, right = region.to(cells).expand(len(cells), 4).unbind(dim=1)
        rows = _between(top, bottom, height)[:, :, None].expand(-1, -1, width)
        cols = _between(left, right, width)[:, None, :].expand(-1, height, -1)
        places = torch.stack([cols, rows], dim=-1) * 2 - 1
        return F.grid_sample(cells, places, padding_mode='border', align_corners=False)


def _bounded(value: Tensor, limit: float) -> Tensor:
    """``value`` near 0, never beyond ``limit``: powers of powers would overflow in training."""
    return limit * torch.tanh(value / limit)


def _between(start: Tensor, end: Tensor, count: int) -> Tensor:
    """Centers of ``count`` pixels from ``start`` to ``end`` (B,): (B, count)."""
    centers = (torch.arange(count, device=start.device, dtype=start.dtype) + 0.5) / count
    return start[:, None] + (end - start)[:, None] * centers
