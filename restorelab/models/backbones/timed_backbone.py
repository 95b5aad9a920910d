"""The network of a regression as the trunk of a diffusion: it is told the state and the time."""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.models.contracts import DiffusionBackbone, RegressionBackbone
from restorelab.models.layers.embedding import SinusoidalEmbedding
from restorelab.registry import BACKBONES
from restorelab.structures import TapContext, TapSpec, select_taps
from restorelab.utils import check_size


@BACKBONES.register_module()
class TimedBackbone(DiffusionBackbone):
    """``a trunk(lq) + b x_t + c lq``, where the trunk hears the state and the time at its taps.

    The state, its pixels folded to the size of the feature, is added at the first level of the
    encoder. The time modulates every level, and gives the three factors, which start at 1, 0, 0:
    with them the output can mean the clean image, the noise or a residual at every time. What
    modulates starts at zero.

    Shapes: ``x_t``, ``lq`` (B, C, H, W), ``time`` (B,) -> (B, C, H, W). Taps: those of the trunk,
    and ``time``.

    Args:
        backbone: config of a BACKBONES part, a ``RegressionBackbone`` with taps, such as
            ``RestormerUNet``.
        channels: C; where it is not 3, a 1x1 convolution leads to the trunk and another one back.
        width: of the sinusoids of the time; its embedding has four times as many entries.
    Raises: TypeError for a backbone that is a diffusion's already; ValueError for one without
        levels to enter at, and, when called, for sides that are no multiples of ``size_divisor``.
    """

    def __init__(self, backbone: dict, channels: int = 3, width: int = 32):
        super().__init__()
        self.backbone = BACKBONES.build(backbone)
        kind = type(self.backbone).__name__
        if not isinstance(self.backbone, RegressionBackbone):
            raise TypeError(
                'TimedBackbone adds the state and the time to a RegressionBackbone, and '
                f'{kind} hears both already; give {kind} itself as the backbone'
            )
        self.channels, self.size_divisor = channels, self.backbone.size_divisor
        specs = self._levels(kind)
        self.tap_specs = [TapSpec('time', 'time', 0, 4 * width), *self.backbone.tap_specs]
        self.time_mlp = nn.Sequential(
            SinusoidalEmbedding(width),
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.Linear(4 * width, 4 * width),
        )
        first, self.levels = specs[0], [spec.name for spec in specs]
        self.entry, self.fold = first.name, first.stride
        self.enter = nn.Conv2d(channels * first.stride**2, first.channels, 3, padding=1)
        self.modulate = nn.ModuleDict()
        for spec in specs:
            linear = nn.Linear(4 * width, 2 * spec.channels)
            nn.init.zeros_(linear.weight)
            nn.init.zeros_(linear.bias)
            self.modulate[spec.name.replace('.', '_')] = linear
        self.factors = nn.Linear(4 * width, 3)
        nn.init.zeros_(self.factors.weight)
        self.factors.bias.data = torch.tensor([1.0, 0.0, 0.0])
        self.to_image, self.from_image = nn.Identity(), nn.Identity()
        if channels != 3:
            self.to_image, self.from_image = nn.Conv2d(channels, 3, 1), nn.Conv2d(3, channels, 1)

    def _levels(self, kind: str) -> list[TapSpec]:
        """One tap on each level of the trunk, the shallowest of the encoder first."""
        try:
            return select_taps(self.backbone.tap_specs, ['enc.*', 'dec.*'], 'TimedBackbone')
        except ValueError as error:
            raise ValueError(
                f'the state and the time find no way into {kind}: {error}. Choose a trunk with '
                'levels, such as RestormerUNet, or restore in one call: RegressionRestorer'
            ) from error

    def forward(
        self, x_t: Tensor, lq: Tensor, time: Tensor, ctx: TapContext | None = None
    ) -> Tensor:
        check_size(x_t, self.size_divisor)
        ctx = TapContext({}) if ctx is None else ctx
        time = ctx.tap('time', self.time_mlp(time))
        first = {name: partial(self._change, name, x_t, time) for name in self.levels}
        out = self.from_image(self.backbone(self.to_image(lq), ctx.inside(first=first)))
        of_trunk, of_state, of_lq = self.factors(time)[..., None, None, None].unbind(dim=1)
        return of_trunk * out + of_state * x_t + of_lq * lq

    def _change(self, name: str, x_t: Tensor, time: Tensor, feat: Tensor) -> Tensor:
        if name == self.entry:
            feat = feat + self.enter(F.pixel_unshuffle(x_t, self.fold))
        affine = self.modulate[name.replace('.', '_')](time)[..., None, None]
        scale, shift = affine.chunk(2, dim=1)
        return feat * (1 + scale) + shift
