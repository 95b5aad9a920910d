"""The hourglass U-Net that DiffUIR and IR-SDE (hence TPGDiff) share, both heirs of the DDPM network.

Two residual blocks and an attention per level, two skips per level, a time embedding in every block. What differs
between the families is given to the constructor; their files say which values.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.models.layers.attention import (
    FullAttention,
    LinearAttentionResidual,
    PreNormResidual,
    SpatialTransformer,
)
from restorelab.models.layers.caching import VersionedCache
from restorelab.models.layers.embedding import SinusoidalEmbedding
from restorelab.structures import TapContext, TapSpec
from restorelab.utils import pad_to_multiple

ATTENTION = ('linear', 'full', 'transformer', 'none')


class ConvBlock(nn.Module):
    """``SiLU(norm(conv(x)) * (1 + scale) + shift)``.

    With one image a forward pass, scale and shift join the gain and bias of the norm: a pass over the features less.
    """

    def __init__(self, conv: nn.Module, norm: nn.Module | None):
        super().__init__()
        self.proj = conv
        if norm is not None:
            self.norm = norm
        self.act = nn.SiLU(inplace=True)

    def forward(self, x: Tensor, film: tuple[Tensor, Tensor] | None = None) -> Tensor:
        x = self.proj(x)
        if film is not None and hasattr(self, 'norm') and len(x) == 1:
            return self.act(self._norm_and_film(x, *(part.flatten() for part in film)))
        if hasattr(self, 'norm'):
            x = self.norm(x)
        if film is not None:
            scale, shift = film
            x = torch.addcmul(shift, x, scale + 1)
        return self.act(x)

    def _norm_and_film(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        gain, bias = self.norm.weight * (scale + 1), torch.addcmul(shift, self.norm.bias, scale + 1)
        return F.group_norm(x, self.norm.num_groups, gain, bias, self.norm.eps)


class UpConv(nn.Sequential):
    """Nearest upsampling by 2 and a 3x3 convolution: (B, C, H, W) -> (B, C_out, 2H, 2W).

    Of the nine pixels under the kernel at most four differ, so both are one transposed convolution with the sums of the
    weights that meet the same pixel: 4/9 of the multiplications, and the enlarged features are never made.
    """

    def __init__(self, channels: int, out_channels: int, bias: bool):
        super().__init__(
            nn.Upsample(scale_factor=2, mode='nearest'),
            nn.Conv2d(channels, out_channels, 3, padding=1, bias=bias),
        )
        self._kernel = VersionedCache()

    def kernel(self) -> Tensor:
        """Of the transposed convolution: (C, C_out, 4, 4)."""
        weight = self[1].weight
        if torch.is_grad_enabled() and weight.requires_grad:
            return self._sum(weight)
        return self._kernel.get([weight], lambda: self._sum(weight))

    def _sum(self, weight: Tensor) -> Tensor:
        for dim in (
            2,
            3,
        ):  # output 2i + k - 1 meets input i by the weights d with (2i + k + d - 2) // 2 = i
            first, middle, last = weight.unbind(dim)
            weight = torch.stack([last, middle + last, first + middle, first], dim)
        return weight.transpose(0, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv_transpose2d(x, self.kernel(), self[1].bias, stride=2, padding=1)


class TimeResBlock(nn.Module):
    """Two convolutions and a shortcut; the time embedding (B, E) scales and shifts after the first convolution.

    Args:
        make_conv: (in_channels, out_channels) -> 3x3 convolution.
        norm_groups: groups of the group norms after the convolutions, None for none.
        bias: of the 1x1 shortcut, which exists where the channels change.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        time_dim: int,
        make_conv: Callable[[int, int], nn.Module],
        norm_groups: int | None,
        bias: bool,
    ):
        super().__init__()
        norms = [nn.GroupNorm(norm_groups, out_channels) if norm_groups else None for _ in range(2)]
        self.mlp = nn.Sequential(nn.SiLU(), nn.Linear(time_dim, 2 * out_channels))
        self.block1 = ConvBlock(make_conv(channels, out_channels), norms[0])
        self.block2 = ConvBlock(make_conv(out_channels, out_channels), norms[1])
        changes = channels != out_channels
        self.res_conv = (
            nn.Conv2d(channels, out_channels, 1, bias=bias) if changes else nn.Identity()
        )

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        film = self.mlp(time)[:, :, None, None].chunk(2, dim=1)
        return self.block2(self.block1(x, film)) + self.res_conv(x)


class HourglassUNet(nn.Module):
    """Time-conditioned U-Net on the state and the degraded image.

    Shapes: ``x_t`` and ``lq`` (B, C, H, W), ``time`` (B,) -> (B, C, H, W). Pads itself by reflection to a multiple of
    2^levels although it shrinks by 2^(levels - 1) only: both papers' numbers depend on it.

    Taps: ``time``; after a level's first block ``enc.s1.block`` ... and its attention ``enc.s1`` ...; before a decoder
    level ``dec.s8.in`` ..., after its first block ``dec.s8.block`` ...; tokens inside transformer attentions
    ``enc.s8.tokens``, ``mid.tokens``, ``dec.s8.tokens``.

    Args:
        image_channels: C.  width: channels of the full-resolution level.
        channel_mults: multiples of ``width`` to which each level leads; one entry a level.
        attention: per level ``linear``, ``full``, ``transformer`` or ``none``.  mid_attention: at the bottom.
        make_conv: (in, out) -> 3x3 convolution of the residual blocks.
        norm_groups: groups of their group norms, None for no norm.
        bias: whether the convolutions outside the blocks have one.  final_kernel: size of the last convolution.
        linear_attention: mode of every ``LinearAttentionResidual``.
    """

    def __init__(
        self,
        image_channels: int,
        width: int,
        channel_mults: Sequence[int],
        attention: Sequence[str],
        mid_attention: str,
        make_conv: Callable[[int, int], nn.Module],
        norm_groups: int | None,
        bias: bool,
        final_kernel: int,
        linear_attention: str = 'exact',
    ):
        super().__init__()
        levels = len(channel_mults)
        if len(attention) != levels:
            raise ValueError(
                f'attention names {len(attention)} levels, channel_mults {levels}; give one of '
                f'{list(ATTENTION)} for each level'
            )
        widths = [width, *(width * mult for mult in channel_mults)]
        self.attention_kinds = [*attention, mid_attention]
        self.linear_attention = linear_attention
        self.pad_multiple = 2**levels
        self.tap_specs = self._list_taps(widths, levels)
        time_dim = 4 * width
        block = partial(
            TimeResBlock, time_dim=time_dim, make_conv=make_conv, norm_groups=norm_groups, bias=bias
        )

        self.init_conv = nn.Conv2d(2 * image_channels, width, 7, padding=3, bias=bias)
        self.time_mlp = nn.Sequential(
            SinusoidalEmbedding(width),
            nn.Linear(width, time_dim),
            nn.GELU(),
            nn.Linear(time_dim, time_dim),
        )
        self.downs, self.ups = nn.ModuleList(), nn.ModuleList()
        for i, (c_in, c_out) in enumerate(pairwise(widths)):
            last = i == levels - 1
            down = (
                nn.Conv2d(c_in, c_out, 3, padding=1, bias=bias)
                if last
                else nn.Conv2d(c_in, c_out, 4, 2, 1)
            )
            self.downs.append(
                nn.ModuleList(
                    [
                        block(c_in, c_in),
                        block(c_in, c_in),
                        self._make_attention(attention[i], c_in),
                        down,
                    ]
                )
            )
            up = (
                UpConv(c_out, c_in, bias=True)
                if i > 0
                else nn.Conv2d(c_out, c_in, 3, padding=1, bias=bias)
            )
            self.ups.insert(
                0,
                nn.ModuleList(
                    [
                        block(c_out + c_in, c_out),
                        block(c_out + c_in, c_out),
                        self._make_attention(attention[i], c_out),
                        up,
                    ]
                ),
            )
        self.mid_block1 = block(widths[-1], widths[-1])
        self.mid_attn = self._make_attention(mid_attention, widths[-1])
        self.mid_block2 = block(widths[-1], widths[-1])
        self.final_res_block = block(2 * width, width)
        self.final_conv = nn.Conv2d(width, image_channels, final_kernel, padding=final_kernel // 2)

    def _make_attention(self, kind: str, channels: int) -> nn.Module:
        if kind == 'linear':
            return LinearAttentionResidual(channels, self.linear_attention)
        if kind == 'full':
            return PreNormResidual(channels, FullAttention(channels))
        if kind == 'transformer':
            return PreNormResidual(channels, SpatialTransformer(channels))
        if kind == 'none':
            return nn.Identity()
        raise ValueError(f"no attention is called '{kind}'; choose from {list(ATTENTION)}")

    def _list_taps(self, widths: list[int], levels: int) -> list[TapSpec]:
        taps = [TapSpec('time', 'time', 0, 4 * widths[0])]
        for i in range(levels):
            name, stride = f'enc.s{2**i}', 2**i
            taps += [
                TapSpec(f'{name}.block', 'enc', stride, widths[i]),
                TapSpec(name, 'enc', stride, widths[i]),
            ]
            if self.attention_kinds[i] == 'transformer':
                taps.append(TapSpec(f'{name}.tokens', 'tokens', stride, widths[i]))
        if self.attention_kinds[-1] == 'transformer':
            taps.append(TapSpec('mid.tokens', 'tokens', 2 ** (levels - 1), widths[-1]))
        for i in reversed(range(levels)):
            name, stride = f'dec.s{2**i}', 2**i
            taps += [
                TapSpec(f'{name}.in', 'dec', stride, widths[i + 1]),
                TapSpec(f'{name}.block', 'dec', stride, widths[i + 1]),
            ]
            if self.attention_kinds[i] == 'transformer':
                taps.append(TapSpec(f'{name}.tokens', 'tokens', stride, widths[i + 1]))
        return taps

    def combine(self, x_t: Tensor, lq: Tensor) -> Tensor:
        """The network's input (B, 2C, H, W) from state and degraded image."""
        raise NotImplementedError

    def _attend(
        self, kind: str, layer: nn.Module, x: Tensor, ctx: TapContext, where: str
    ) -> Tensor:
        if kind == 'transformer':
            return layer(x, partial(ctx.tap, f'{where}.tokens'))
        return layer(x)

    def forward(
        self, x_t: Tensor, lq: Tensor, time: Tensor, ctx: TapContext | None = None
    ) -> Tensor:
        ctx = TapContext({}) if ctx is None else ctx
        height, width = x_t.shape[-2:]
        x = pad_to_multiple(self.combine(x_t, lq), self.pad_multiple)
        if not torch.is_grad_enabled():
            x = x.contiguous(
                memory_format=torch.channels_last
            )  # faster forward; backward is slower in this layout
        x = first = self.init_conv(x)
        time = ctx.tap('time', self.time_mlp(time))

        skips = []
        for i, (block1, block2, attn, down) in enumerate(self.downs):
            where = f'enc.s{2**i}'
            x = ctx.tap(f'{where}.block', block1(x, time))
            skips.append(x)
            x = self._attend(self.attention_kinds[i], attn, block2(x, time), ctx, where)
            x = ctx.tap(where, x)
            skips.append(x)
            x = down(x)

        x = self.mid_block1(x, time)
        x = self.mid_block2(
            self._attend(self.attention_kinds[-1], self.mid_attn, x, ctx, 'mid'), time
        )

        for j, (block1, block2, attn, up) in enumerate(self.ups):
            level = len(self.ups) - 1 - j
            where = f'dec.s{2**level}'
            x = ctx.tap(f'{where}.in', x)
            x = ctx.tap(f'{where}.block', block1(torch.cat([x, skips.pop()], dim=1), time))
            x = block2(torch.cat([x, skips.pop()], dim=1), time)
            x = up(self._attend(self.attention_kinds[level], attn, x, ctx, where))

        x = self.final_res_block(torch.cat([x, first], dim=1), time)
        return self.final_conv(x)[..., :height, :width]
