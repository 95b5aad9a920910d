"""The conditional U-Net of DiffUIR."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from restorelab.models.layers.hourglass import HourglassUNet
from restorelab.models.layers.norm import WeightStandardizedConv2d
from restorelab.registry import BACKBONES


@BACKBONES.register_module()
class ResidualDiffusionUNet(HourglassUNet):
    """Hourglass U-Net of weight-standardized convolutions and group norms; sees ``[x_t, lq]``.

    Shapes: ``x_t``, ``lq`` (B, C, H, W) in [-1, 1], ``time`` (B,) a float -> (B, C, H, W), a prediction whose meaning
    is the process's. Any size; sides too short to be reflected are padded by repeating the edge.
    Source: DiffUIR (arXiv 2403.11157). Its four sizes, ``width`` and ``channel_mults``, with their parameters:
    T 32, (1, 1, 1, 1), 886,435; S 32, (1, 2, 2, 4), 3,268,643; B 64, (1, 2, 2, 4), 12,406,851;
    L 64, (1, 2, 4, 8), 36,261,187.

    Args:
        channels: C.  width: channels of the full-resolution level, a multiple of ``norm_groups``.
        channel_mults: one entry a level.
        norm_groups: groups of the group norms.
        linear_attention: how the attention of the levels is computed, see ``LinearAttentionResidual``: ``exact``,
            ``constant`` (without the part that depends on the content, which the 1/N makes next to nothing) or
            ``auto`` (constant wherever a bound from the weights alone says that nobody will see it).
    Raises: ValueError for widths that the norms cannot group.
    """

    def __init__(
        self,
        channels: int = 3,
        width: int = 32,
        channel_mults: Sequence[int] = (1, 1, 1, 1),
        norm_groups: int = 8,
        linear_attention: str = 'exact',
    ):
        if bad := [width * mult for mult in (1, *channel_mults) if width * mult % norm_groups]:
            raise ValueError(
                f'levels of {bad} channels cannot be normed in {norm_groups} groups; make width * '
                'channel_mults multiples of norm_groups'
            )
        super().__init__(
            channels,
            width,
            channel_mults,
            ['linear'] * len(channel_mults),
            'full',
            make_conv=partial(WeightStandardizedConv2d, kernel_size=3, padding=1),
            norm_groups=norm_groups,
            bias=True,
            final_kernel=1,
            linear_attention=linear_attention,
        )

    def combine(self, x_t: Tensor, lq: Tensor) -> Tensor:
        return torch.cat([x_t, lq], dim=1)
