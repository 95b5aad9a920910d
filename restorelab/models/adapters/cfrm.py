"""Complementary feature restoration: repairs encoder features of a degraded image (UniRestore)."""

from collections.abc import Mapping, Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.models.contracts import Adapter
from restorelab.models.layers.norm import ChannelLayerNorm
from restorelab.registry import ADAPTERS
from restorelab.structures import TapContext, TapSpec, select_taps

SIDES = ('enc', 'skip')


def gate(x: Tensor) -> Tensor:
    """Product of the two halves of the channels."""
    first, second = x.chunk(2, dim=1)
    return first * second


class NAFBlock(nn.Module):
    """Block of NAFNet (arXiv 2204.04676): (B, C, H, W) -> the same.

    It is the identity as long as ``beta`` and ``gamma`` are zero.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.norm1 = ChannelLayerNorm(channels, eps=1e-6)
        self.conv1 = nn.Conv2d(channels, 2 * channels, 1)
        self.conv2 = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1, groups=2 * channels)
        self.sca = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, channels, 1))
        self.conv3 = nn.Conv2d(channels, channels, 1)
        self.norm2 = ChannelLayerNorm(channels, eps=1e-6)
        self.conv4 = nn.Conv2d(channels, 2 * channels, 1)
        self.conv5 = nn.Conv2d(channels, channels, 1)
        self.beta = nn.Parameter(self.conv1.weight.new_zeros(1, channels, 1, 1))
        self.gamma = nn.Parameter(self.conv1.weight.new_zeros(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        u = gate(self.conv2(self.conv1(self.norm1(x))))
        x = x + self.beta * self.conv3(u * self.sca(u))
        return x + self.gamma * self.conv5(gate(self.conv4(self.norm2(x))))


class GroupAttentionBlock(nn.Module):
    """The core of CFRM: channel groups weighed within and against each other, then a NAFBlock.

    (B, C, H, W) -> the same. Neither attention has a sigmoid or a softmax.

    Args:
        groups: of the 4 C inner channels.
    Raises: ValueError when these cannot be grouped.
    """

    def __init__(self, channels: int, groups: int = 16):
        super().__init__()
        if 4 * channels % groups:
            raise ValueError(
                f'a tap of {channels} channels: 4 * {channels} cannot be cut into {groups} groups; '
                'choose a divisor as `groups`'
            )
        width, self.groups = 4 * channels, groups
        self.conv_in = nn.Conv2d(channels, width, 1)
        self.group_norm = nn.GroupNorm(groups, width)
        self.group_conv = nn.Conv2d(width, width, 3, padding=1, groups=groups)
        self.intra_group_attn = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(width, width, 1, groups=groups)
        )
        self.inter_group_attn = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(width, groups, 1))
        self.pwconv = nn.Conv2d(width, channels, 1)
        self.nafblock = NAFBlock(channels)

    def forward(self, x: Tensor) -> Tensor:
        u = F.gelu(self.group_conv(self.group_norm(self.conv_in(x))))
        u = u * self.intra_group_attn(u)
        weights = self.inter_group_attn(u)[:, :, None]  # B G 1 1 1
        u = (u.unflatten(1, (self.groups, -1)) * weights).flatten(1, 2)
        return self.nafblock(x + self.pwconv(u))


@ADAPTERS.register_module()
class CFRM(Adapter):
    """Repairs features of a degraded image at each tap: (B, C, H, W) -> the same.

    Source: UniRestore (arXiv 2501.13134). A stage is a few NAFBlocks and a ``GroupAttentionBlock``.
    It learns from the clean image: a reference pass runs the same network on it, without CFRM and
    without gradient. The loss is the weighted sum over taps of the mean squared distance between
    the two passes. As published it is not the identity at the start (``zero_init`` makes it so).

    It leaves the repaired features in ``ctx.skips[<tap>]`` for other adapters (``TFA``).

    Args:
        taps: encoder taps, or skips of a latent U-Net, shallow to deep; names or roles.
        num_naf: NAFBlocks before the core, for each tap, or one number for all.
        groups: of each core.
        loss_weights: for each tap, or one for all.
        cut: as published, let no gradient pass back through the network after the last tap, nor
            through the kept features. Then the loss of the taps alone trains CFRM. False for a
            network that trains too.
        zero_init: start as the identity, for a network that works already.
        frozen: no training, no loss, no reference pass.
    Raises: ValueError when the lists do not have one entry for each tap.
    """

    needs = ()
    in_reference = False

    def __init__(
        self,
        tap_specs: Sequence[TapSpec],
        cond_widths: Mapping[str, int],
        taps: Sequence[str] | str = ('enc.s2', 'enc.s4', 'enc.s8'),
        num_naf: Sequence[int] | int = (1, 1, 9),
        groups: int = 16,
        loss_weights: Sequence[float] | float = (0.1, 0.1, 0.01),
        cut: bool = True,
        zero_init: bool = False,
        frozen: bool = False,
    ):
        super().__init__()
        specs = select_taps(tap_specs, taps, 'CFRM', SIDES)
        taps = [spec.name for spec in specs]
        if isinstance(num_naf, int):
            num_naf = [num_naf] * len(taps)
        if isinstance(loss_weights, int | float):
            loss_weights = [loss_weights] * len(taps)
        if not len(taps) == len(num_naf) == len(loss_weights):
            raise ValueError(
                f'CFRM has {len(taps)} taps, {len(num_naf)} num_naf and {len(loss_weights)} '
                'loss_weights; give one of each for every tap'
            )
        self.taps, self.loss_weights, self.cut, self.frozen = (
            tuple(taps),
            tuple(loss_weights),
            cut,
            frozen,
        )
        self.stages = nn.ModuleList(
            nn.Sequential(
                *(NAFBlock(spec.channels) for _ in range(count)),
                GroupAttentionBlock(spec.channels, groups),
            )
            for spec, count in zip(specs, num_naf, strict=True)
        )
        if zero_init:
            for stage in self.stages:
                nn.init.zeros_(stage[-1].pwconv.weight)
                nn.init.zeros_(stage[-1].pwconv.bias)
        if frozen:
            self.requires_grad_(False)

    @property
    def needs_reference(self) -> bool:
        return not self.frozen

    def on_tap(self, name: str, feat: Tensor, ctx: TapContext) -> Tensor:
        restored = self.stages[self.taps.index(name)](feat)
        ctx.scratch[(self, name)] = restored
        ctx.skips[name] = restored.detach() if self.cut else restored
        return restored.detach() if self.cut and name == self.taps[-1] else restored

    def loss(self, ctx: TapContext, reference: TapContext) -> dict[str, Tensor]:
        """``cfrm``: the weighted sum over taps of the mean squared distances."""
        total = 0
        for name, weight in zip(self.taps, self.loss_weights, strict=True):
            total = total + weight * F.mse_loss(ctx.scratch[(self, name)], reference.skips[name])
        return dict(cfrm=total)
