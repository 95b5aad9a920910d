"""The conditional U-Net of DiffUIR."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from restorelab.models.backbones.hourglass import HourglassUNet
from restorelab.models.layers.hourglass import TimeResBlock
from restorelab.models.layers.norm import WeightStandardizedConv2d
from restorelab.registry import BACKBONES

LINEAR = dict(type='LinearAttentionBlock')
FULL = dict(type='FullAttentionBlock')


@BACKBONES.register_module()
class ResidualDiffusionUNet(HourglassUNet):
    """Hourglass U-Net of weight-standardized convolutions and group norms; sees ``[x_t, lq]``.

    Shapes: ``x_t``, ``lq`` (B, C, H, W) in [-1, 1], ``time`` (B,) a float -> (B, C, H, W), a
    prediction whose meaning the process knows. Any size works; sides too short to be reflected are
    padded by repeating the edge.
    Source: DiffUIR (arXiv 2403.11157). Its four sizes, ``width`` and ``channel_mults``, with their
    parameters: T 32, (1, 1, 1, 1), 886,435; S 32, (1, 2, 2, 4), 3,268,643; B 64, (1, 2, 2, 4),
    12,406,851; L 64, (1, 2, 4, 8), 36,261,187.

    Args:
        channels: C.
        width: channels of the full-resolution level, a multiple of ``norm_groups``.
        channel_mults: multiples of ``width``, one for each level.
        norm_groups: groups of the group norms.
        attention: config of the attention block (BLOCKS) of all levels. ``LinearAttentionBlock`` is
            the published one; ``ConstantAttentionBlock`` leaves out the part that depends on the
            content, which is next to nothing. The bottom has full attention.
    Raises: ValueError for widths that the norms cannot group.
    """

    def __init__(
        self,
        channels: int = 3,
        width: int = 32,
        channel_mults: Sequence[int] = (1, 1, 1, 1),
        norm_groups: int = 8,
        attention: dict | None = LINEAR,
    ):
        bad = [width * mult for mult in (1, *channel_mults) if width * mult % norm_groups]
        if bad:
            raise ValueError(
                f'levels of {bad} channels cannot be normed in {norm_groups} groups; make width * '
                'channel_mults multiples of norm_groups'
            )
        make_block = partial(
            TimeResBlock,
            time_dim=4 * width,
            make_conv=partial(WeightStandardizedConv2d, kernel_size=3, padding=1),
            norm_groups=norm_groups,
            bias=True,
        )
        super().__init__(
            channels,
            width,
            channel_mults,
            [attention] * len(channel_mults),
            FULL,
            make_block,
            bias=True,
            final_kernel=1,
        )
        self.channels = channels

    def combine(self, x_t: Tensor, lq: Tensor) -> Tensor:
        return torch.cat([x_t, lq], dim=1)
