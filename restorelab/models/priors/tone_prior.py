"""A look at the whole picture that finds the curve which undoes darkness or haze."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.models.contracts import Prior
from restorelab.models.layers.residual import ResidualBlock
from restorelab.registry import PRIORS
from restorelab.structures import Condition

SIDE = 64  # of the thumbnail
GRID = 16  # cells along each side of the picture
CHANNELS = 6  # numbers of a curve, see ToneCurve


@PRIORS.register_module()
class TonePrior(Prior):
    """Tokens ``name`` (B, 256, 6): the curve of each cell of a 16x16 grid over the picture.

    A small U-Net sees a thumbnail of 64x64 pixels, its brightness also as a logarithm. Its deepest
    level is averaged over the picture, so every cell knows the whole. ``ToneCurve`` says what the
    six numbers mean. They begin at 0, which changes nothing.

    Args:
        name: of the tokens, such as ``haze``.
        widths: channels at 32x32, 16x16, 8x8 and 4x4.
    """

    def __init__(self, name: str, widths: tuple[int, int, int, int] = (32, 64, 96, 96)):
        super().__init__()
        self.name = name
        self.stem = nn.Conv2d(6, widths[0], 3, stride=2, padding=1)
        self.fine = ResidualBlock(widths[0])
        self.down = nn.ModuleList()
        self.encoder = nn.ModuleList()
        for above, width in pairwise(widths):
            self.down.append(nn.Conv2d(above, width, 2, stride=2))
            self.encoder.append(
                nn.Sequential(nn.GroupNorm(1, width), ResidualBlock(width), ResidualBlock(width))
            )
        deepest = widths[3]
        self.whole = nn.Sequential(
            nn.LayerNorm(deepest),
            nn.Linear(deepest, deepest),
            nn.LeakyReLU(0.1),
            nn.Linear(deepest, deepest),
            nn.LayerNorm(deepest),
        )
        self.everywhere = nn.Linear(deepest, CHANNELS)
        self.up = nn.ModuleList()
        self.decoder = nn.ModuleList()
        for below, width in ((widths[3], widths[2]), (widths[2], widths[1])):
            self.up.append(nn.Conv2d(below, 4 * width, 1))
            self.decoder.append(ResidualBlock(width))
        self.cells = nn.Sequential(nn.GroupNorm(1, widths[1]), nn.Conv2d(widths[1], CHANNELS, 1))
        for last in (self.everywhere, self.cells[1]):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    @property
    def provides(self) -> dict[str, int]:
        return {f'tokens.{self.name}': CHANNELS}

    def forward(self, lq: Tensor) -> Condition:
        small = F.adaptive_avg_pool2d(lq, SIDE)
        x = torch.cat([small - 0.5, (small.clamp(min=0) + 0.02).log() / 2 + 1], dim=1)
        x = self.fine(self.stem(x))
        levels = []
        for down, blocks in zip(self.down, self.encoder, strict=True):
            x = blocks(down(x))
            levels.append(x)
        whole = self.whole(x.mean(dim=(2, 3)))
        x = x + whole[..., None, None]
        for up, block, skip in zip(self.up, self.decoder, levels[-2::-1], strict=True):
            x = block(F.pixel_shuffle(up(x), 2) + skip)
        cells = self.cells(x) + self.everywhere(whole)[..., None, None]
        return Condition(tokens={self.name: cells.float().flatten(2).transpose(1, 2)})
