"""The hourglass U-Net that DiffUIR and IR-SDE (hence TPGDiff) share. Both derive from DDPM's.

Two residual blocks and an attention on each level, two skips on each level, a time embedding in
every block. What differs between the families is given to the constructor.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

from restorelab.models.contracts import AttentionBlock, DiffusionBackbone
from restorelab.models.layers.embedding import SinusoidalEmbedding
from restorelab.models.layers.hourglass import UpConv
from restorelab.ops import inference_layout
from restorelab.registry import BLOCKS
from restorelab.structures import TapContext, TapSpec
from restorelab.utils import pad_to_multiple


class HourglassUNet(DiffusionBackbone):
    """Time-conditioned U-Net on the state and the degraded image.

    Shapes: ``x_t`` and ``lq`` (B, C, H, W), ``time`` (B,) -> (B, C, H, W). It pads by reflection to
    a multiple of 2^levels although it shrinks by 2^(levels - 1) only: both papers' numbers depend
    on it.

    Taps: ``time``; on the way down ``enc.s1.block`` (after the first block of a level) and
    ``enc.s1`` (after its attention); ``mid`` at the bottom; on the way up ``dec.s1.in`` (before a
    level) and ``dec.s1.block``. Where the attention of a level works on tokens also
    ``enc.s8.tokens``, ``mid.tokens``, ``dec.s8.tokens``.

    Args:
        image_channels: C.
        width: channels of the full-resolution level.
        channel_mults: multiples of ``width`` to which each level leads.
        attention: config of the BLOCKS part for each level, None for no attention.
        mid_attention: the same for the bottom.
        make_block: makes a residual block, called with its channels in and out.
        bias: whether the convolutions outside the blocks have one.
        final_kernel: size of the last convolution.
    Raises: ValueError when ``attention`` and ``channel_mults`` name different numbers of levels.
    """

    def __init__(
        self,
        image_channels: int,
        width: int,
        channel_mults: Sequence[int],
        attention: Sequence[dict | None],
        mid_attention: dict | None,
        make_block: Callable[[int, int], nn.Module],
        bias: bool,
        final_kernel: int,
    ):
        super().__init__()
        levels = len(channel_mults)
        if len(attention) != levels:
            raise ValueError(
                f'attention names {len(attention)} levels, channel_mults {levels}; give the config '
                'of an attention block, or None, for each level'
            )
        widths = [width, *(width * mult for mult in channel_mults)]
        self.pad_multiple = 2**levels
        self.init_conv = nn.Conv2d(2 * image_channels, width, 7, padding=3, bias=bias)
        self.time_mlp = nn.Sequential(
            SinusoidalEmbedding(width),
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.Linear(4 * width, 4 * width),
        )
        self.downs, self.ups = nn.ModuleList(), nn.ModuleList()
        for level, (above, below) in enumerate(pairwise(widths)):
            if level == levels - 1:
                down = nn.Conv2d(above, below, 3, padding=1, bias=bias)
            else:
                down = nn.Conv2d(above, below, 4, 2, 1)
            blocks = [make_block(above, above), make_block(above, above)]
            attend = make_attention(attention[level], above)
            self.downs.append(nn.ModuleList([*blocks, attend, down]))
            if level == 0:
                up = nn.Conv2d(below, above, 3, padding=1, bias=bias)
            else:
                up = UpConv(below, above, bias=True)
            blocks = [make_block(below + above, below), make_block(below + above, below)]
            attend = make_attention(attention[level], below)
            self.ups.insert(0, nn.ModuleList([*blocks, attend, up]))
        self.mid_block1 = make_block(widths[-1], widths[-1])
        self.mid_attn = make_attention(mid_attention, widths[-1])
        self.mid_block2 = make_block(widths[-1], widths[-1])
        self.final_res_block = make_block(2 * width, width)
        self.final_conv = nn.Conv2d(width, image_channels, final_kernel, padding=final_kernel // 2)
        self.tap_specs = self._list_taps(widths)

    def _list_taps(self, widths: list[int]) -> list[TapSpec]:
        levels = range(len(self.downs))
        taps = [TapSpec('time', 'time', 0, 4 * widths[0])]
        for level in levels:
            stride, channels = 2**level, widths[level]
            taps.append(TapSpec(f'enc.s{stride}.block', 'enc', stride, channels))
            taps.append(TapSpec(f'enc.s{stride}', 'enc', stride, channels))
            if self.downs[level][2].has_tokens:
                taps.append(TapSpec(f'enc.s{stride}.tokens', 'tokens', stride, channels))
        if self.mid_attn.has_tokens:
            taps.append(TapSpec('mid.tokens', 'tokens', 2 ** levels[-1], widths[-1]))
        taps.append(TapSpec('mid', 'mid', 2 ** levels[-1], widths[-1]))
        for level in reversed(levels):
            stride, channels = 2**level, widths[level + 1]
            taps.append(TapSpec(f'dec.s{stride}.in', 'dec', stride, channels))
            taps.append(TapSpec(f'dec.s{stride}.block', 'dec', stride, channels))
            if self.downs[level][2].has_tokens:
                taps.append(TapSpec(f'dec.s{stride}.tokens', 'tokens', stride, channels))
        return taps

    def combine(self, x_t: Tensor, lq: Tensor) -> Tensor:
        """The network's input (B, 2C, H, W) from state and degraded image."""
        raise NotImplementedError

    def forward(
        self, x_t: Tensor, lq: Tensor, time: Tensor, ctx: TapContext | None = None
    ) -> Tensor:
        ctx = TapContext({}) if ctx is None else ctx
        height, width = x_t.shape[-2:]
        x = inference_layout(pad_to_multiple(self.combine(x_t, lq), self.pad_multiple))
        x = first = self.init_conv(x)
        time = ctx.tap('time', self.time_mlp(time))

        skips = []
        for level, (block1, block2, attend, down) in enumerate(self.downs):
            where = f'enc.s{2**level}'
            x = ctx.tap(f'{where}.block', block1(x, time))
            skips.append(x)
            x = attend(block2(x, time), partial(ctx.tap, f'{where}.tokens'))
            x = ctx.tap(where, x)
            skips.append(x)
            x = down(x)

        x = self.mid_block1(x, time)
        x = self.mid_attn(x, partial(ctx.tap, 'mid.tokens'))
        x = ctx.tap('mid', self.mid_block2(x, time))

        for level, (block1, block2, attend, up) in zip(
            reversed(range(len(self.ups))), self.ups, strict=True
        ):
            where = f'dec.s{2**level}'
            x = ctx.tap(f'{where}.in', x)
            x = ctx.tap(f'{where}.block', block1(torch.cat([x, skips.pop()], dim=1), time))
            x = block2(torch.cat([x, skips.pop()], dim=1), time)
            x = up(attend(x, partial(ctx.tap, f'{where}.tokens')))

        x = self.final_res_block(torch.cat([x, first], dim=1), time)
        return self.final_conv(x)[..., :height, :width]


class NoAttention(AttentionBlock):
    """Stands where a level has no attention."""

    def forward(self, x: Tensor, tap: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        return x


def make_attention(cfg: dict | None, channels: int) -> AttentionBlock:
    """The block that ``cfg`` describes. Raises: TypeError for a block of another kind."""
    if cfg is None:
        return NoAttention()
    block = BLOCKS.build(cfg, default_args=dict(channels=channels))
    if not isinstance(block, AttentionBlock):
        raise TypeError(
            f'attention={dict(cfg)}: that is no AttentionBlock. `restorelab list block` shows them'
        )
    return block
