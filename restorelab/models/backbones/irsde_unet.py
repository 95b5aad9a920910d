"""The conditional U-Net of IR-SDE, DA-CLIP and TPGDiff."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from restorelab.models.backbones.hourglass import HourglassUNet
from restorelab.models.layers.hourglass import TimeResBlock
from restorelab.registry import BACKBONES

LINEAR = dict(type='LinearAttentionBlock')
TRANSFORMER = dict(type='SpatialTransformerBlock')


@BACKBONES.register_module()
class IRSDEUNet(HourglassUNet):
    """Hourglass U-Net with norm-free residual blocks; sees ``[x_t - lq, lq]``.

    Shapes: ``x_t``, ``lq`` (B, C, H, W) in [0, 1], ``time`` (B,) in steps 1..T -> (B, C, H, W), a
    prediction whose meaning the process knows. Any size works; sides under 2^levels are padded by
    repeating the edge.
    Source: IR-SDE (arXiv 2301.11699), TPGDiff (arXiv 2601.20306). With four levels of width 64 and
    the adapters of TPGDiff it has 49,736,451 parameters.

    Args:
        channels: C.
        width: channels of the full-resolution level.
        channel_mults: multiples of ``width``, one for each level.
        attention: config of an attention block (BLOCKS) for each level, None for no attention.
        mid_attention: the same for the bottom.
    """

    def __init__(
        self,
        channels: int = 3,
        width: int = 64,
        channel_mults: Sequence[int] = (1, 2, 4, 8),
        attention: Sequence[dict | None] = (LINEAR, LINEAR, LINEAR, TRANSFORMER),
        mid_attention: dict | None = TRANSFORMER,
    ):
        make_block = partial(
            TimeResBlock,
            time_dim=4 * width,
            make_conv=partial(nn.Conv2d, kernel_size=3, padding=1, bias=False),
            norm_groups=None,
            bias=False,
        )
        super().__init__(
            channels,
            width,
            channel_mults,
            attention,
            mid_attention,
            make_block,
            bias=False,
            final_kernel=3,
        )
        self.channels = channels

    def combine(self, x_t: Tensor, lq: Tensor) -> Tensor:
        return torch.cat([x_t - lq, lq], dim=1)
