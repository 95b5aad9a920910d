"""A look at the whole picture that says what is wrong with it, and how badly."""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.models.contracts import Prior
from restorelab.models.layers.residual import SLOPE, ResidualBlock
from restorelab.registry import PRIORS
from restorelab.structures import Condition

SIDE = 64  # of the thumbnail and of the close-ups
SEEN = 128  # numbers that say what is seen in a thumbnail or a close-up
ALONG = 4  # close-ups along each side of a large picture


class Tower(nn.Module):
    """What is seen in small images: (N, 3, 64, 64) -> (N, 128).

    Features of the deepest level, their mean and largest, and of the first level the logarithm of
    their size: that is where noise shows, whose strength the norms between would hide.

    Args:
        widths: channels at 32x32, 16x16 and 8x8.
    """

    def __init__(self, widths: Sequence[int]):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(24, widths[0], 3, padding=1), ResidualBlock(widths[0]))
        layers: list[nn.Module] = []
        for above, width in pairwise(widths):
            layers += [nn.LeakyReLU(SLOPE), nn.Conv2d(above, width, 2, stride=2)]
            layers += [nn.GroupNorm(1, width), ResidualBlock(width)]
        self.deeper = nn.Sequential(*layers)
        pooled = widths[0] + 2 * widths[-1]
        self.head = nn.Sequential(
            nn.LayerNorm(pooled), nn.Linear(pooled, SEEN), nn.LeakyReLU(SLOPE)
        )

    def forward(self, images: Tensor) -> Tensor:
        first = self.first(_folded(images))
        deep = self.deeper(first).flatten(2)
        size = (first.float().abs().mean(dim=(2, 3)) + 1e-3).log()
        return self.head(torch.cat([size, deep.mean(dim=2), deep.amax(dim=2)], dim=1))


@PRIORS.register_module()
class DegradationVerdict(Prior):
    """Vectors (B, 1) with the strength of each degradation, in [0, 1], by the degradation's name.

    A strength says how much damage was done: 0 none that anybody sees, 1 a picture that is hardly
    there (``DegradeInOrder`` has the scale). One network sees a thumbnail of 64x64 pixels, where
    haze and darkness show, another one up to 16 close-ups of 64x64 pixels at full resolution, where
    noise, rain and blur show. ``StrengthEstimation`` trains it.

    Args:
        kinds: the degradations.
        widths: channels of both networks at 1/2, 1/4 and 1/8 of 64 pixels.
    """

    def __init__(self, kinds: Sequence[str], widths: tuple[int, int, int] = (32, 64, 128)):
        super().__init__()
        self.kinds = tuple(kinds)
        self.thumbnail, self.closeup = Tower(widths), Tower(widths)
        self.head = nn.Sequential(
            nn.LayerNorm(2 * SEEN),
            nn.Linear(2 * SEEN, SEEN),
            nn.LeakyReLU(SLOPE),
            nn.Linear(SEEN, len(self.kinds)),
        )

    @property
    def provides(self) -> dict[str, int]:
        return {f'vectors.{kind}': 1 for kind in self.kinds}

    def strengths(self, lq: Tensor) -> Tensor:
        """The strengths (B, K) of ``kinds`` in images (B, 3, H, W), not yet cut to [0, 1].

        They are linear in the last features: a sigmoid here is soon saturated and learns no more.
        """
        lq = lq.float()
        whole = self.thumbnail(F.adaptive_avg_pool2d(lq, SIDE))
        closeups = self._closeups(lq)
        near = self.closeup(closeups).unflatten(0, (len(lq), len(closeups) // len(lq)))
        return self.head(torch.cat([whole, near.mean(dim=1)], dim=1)).float()

    def forward(self, lq: Tensor) -> Condition:
        strengths = self.strengths(lq).clamp(0, 1)
        vectors = dict(zip(self.kinds, strengths.split(1, dim=1), strict=True))
        return Condition(vectors=vectors)

    @staticmethod
    def _closeups(lq: Tensor) -> Tensor:
        """Crops spread evenly, those of one image in a row: (B * N, 3, 64, 64)."""
        height, width = lq.shape[-2:]
        down, right = max(0, SIDE - height), max(0, SIDE - width)
        if down or right:
            lq = F.pad(lq, (0, right, 0, down), mode='replicate')
        crops = []
        for top in _places(lq.shape[-2]):
            for left in _places(lq.shape[-1]):
                crops.append(lq[..., top : top + SIDE, left : left + SIDE])
        return torch.stack(crops, dim=1).flatten(0, 1)


def _places(length: int) -> list[int]:
    """Where close-ups begin along a side of ``length`` pixels."""
    count = min(ALONG, length // SIDE)
    free = length - SIDE * count
    return [round((index + 0.5) * free / count) + index * SIDE for index in range(count)]


def _folded(images: Tensor) -> Tensor:
    """(N, 3, 64, 64) -> (N, 24, 32, 32): the pixels, and their logarithms for what is dark."""
    logarithms = (images.clamp(min=0) + 0.02).log() / 2 + 1
    return F.pixel_unshuffle(torch.cat([images - 0.5, logarithms], dim=1), 2)
