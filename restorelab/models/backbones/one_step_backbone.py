"""The network of a diffusion that restores in one call, without noise."""

from torch import Tensor

from restorelab.models.contracts import DiffusionBackbone, RegressionBackbone
from restorelab.registry import BACKBONES
from restorelab.structures import TapContext


@BACKBONES.register_module()
class OneStepBackbone(RegressionBackbone):
    """``lq + trunk(lq, lq, 0)``: a diffusion's trunk as the backbone of a ``RegressionRestorer``.

    The degraded image is state and condition at once, and the time is 0. No process, no sampler and
    no noise take part. Shapes: ``lq`` (B, 3, H, W) -> (B, 3, H, W). Its taps are the trunk's.

    Args:
        backbone: config of a BACKBONES part, a ``DiffusionBackbone`` for images.
    Raises: TypeError for a backbone that is none; ValueError for one that works on latents.
    """

    def __init__(self, backbone: dict):
        super().__init__()
        self.backbone = BACKBONES.build(backbone)
        kind = type(self.backbone).__name__
        if not isinstance(self.backbone, DiffusionBackbone):
            raise TypeError(
                f'OneStepBackbone makes a regression of a DiffusionBackbone, and {kind} is none; '
                f'give {kind} itself as the backbone'
            )
        if self.backbone.channels != 3:
            raise ValueError(
                f'OneStepBackbone restores images of 3 channels, and {kind} works on '
                f'{self.backbone.channels}; give it channels=3, or choose a DiffusionRestorer with '
                'a codec'
            )
        self.size_divisor = self.backbone.size_divisor
        self.tap_specs = self.backbone.tap_specs

    def forward(self, lq: Tensor, ctx: TapContext | None = None) -> Tensor:
        time = lq.new_zeros(len(lq))
        if ctx is not None:
            ctx.time = time
        return lq + self.backbone(lq, lq, time, ctx)
