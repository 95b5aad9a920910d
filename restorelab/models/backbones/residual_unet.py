"""A small U-Net of plain convolutions that predicts what is wrong with a picture."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.models.contracts import RegressionBackbone
from restorelab.models.layers.residual import ResidualBlock
from restorelab.registry import BACKBONES
from restorelab.structures import TapContext, TapSpec


@BACKBONES.register_module()
class ResidualUNet(RegressionBackbone):
    """``lq + U-Net(lq)``, the U-Net on the picture folded by two: (B, 12, H / 2, W / 2).

    Every value depends on its neighborhood alone: nothing is pooled over the picture, so a tile
    gives what the whole gives. Convolutions are wide and few, which processors run at full speed.
    Source: the shape of FFDNet (Zhang et al., TIP 2018; folding by two) and of DRUNet (Zhang et
    al., TPAMI 2021; a U-Net of residual blocks without norms), made small.

    Taps: after a level of the encoder ``enc.s2`` ...; ``mid`` behind the deepest; before and after
    a level of the decoder ``dec.s2.in`` and ``dec.s2`` ....

    Args:
        widths: channels on each level, from the folded picture down by factors of two.
        blocks: residual blocks on each level, in the encoder and again in the decoder; on the
            deepest level once.
    Raises: ValueError when the two differ in length.
    """

    def __init__(self, widths: Sequence[int] = (48, 96, 160), blocks: Sequence[int] = (1, 1, 2)):
        super().__init__()
        if len(widths) != len(blocks) or not widths:
            raise ValueError(
                f'widths={list(widths)} and blocks={list(blocks)}: wanted is one number of blocks '
                'for each width'
            )
        self.size_divisor = 2 ** len(widths)
        self.head = nn.Conv2d(12, widths[0], 3, padding=1)
        self.encoder, self.down = nn.ModuleList(), nn.ModuleList()
        self.up, self.decoder = nn.ModuleList(), nn.ModuleList()
        specs = []
        for level, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            self.encoder.append(_stack(width, count))
            specs.append(TapSpec(f'enc.s{2 ** (level + 1)}', 'enc', 2 ** (level + 1), width))
            if level == len(widths) - 1:
                break
            below = widths[level + 1]
            self.down.append(nn.Conv2d(width, below, 2, stride=2))
            self.up.append(nn.Conv2d(below, 4 * width, 1))
            self.decoder.append(_stack(width, count))
        specs.append(TapSpec('mid', 'mid', 2 ** len(widths), widths[-1]))
        for level in reversed(range(len(widths) - 1)):
            stride = 2 ** (level + 1)
            specs.append(TapSpec(f'dec.s{stride}.in', 'dec', stride, widths[level]))
            specs.append(TapSpec(f'dec.s{stride}', 'dec', stride, widths[level]))
        self.tap_specs = specs
        self.tail = nn.Conv2d(widths[0], 12, 3, padding=1)
        nn.init.normal_(self.tail.weight, std=1e-3)
        nn.init.zeros_(self.tail.bias)

    def forward(self, lq: Tensor, ctx: TapContext | None = None) -> Tensor:
        ctx = TapContext({}) if ctx is None else ctx
        x = self.head(F.pixel_unshuffle(lq - 0.5, 2))
        skips = []
        for level, blocks in enumerate(self.encoder):
            x = ctx.tap(f'enc.s{2 ** (level + 1)}', blocks(x))
            if level < len(self.down):
                skips.append(x)
                x = self.down[level](x)
        x = ctx.tap('mid', x)
        for level in reversed(range(len(self.up))):
            x = F.pixel_shuffle(self.up[level](x), 2) + skips[level]
            x = ctx.tap(f'dec.s{2 ** (level + 1)}.in', x)
            x = ctx.tap(f'dec.s{2 ** (level + 1)}', self.decoder[level](x))
        return lq + F.pixel_shuffle(self.tail(x), 2)


def _stack(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*[ResidualBlock(channels) for _ in range(count)])
