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
ALONG = 4  # close-ups along each side of a large picture


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
        self.thumbnail, self.closeup = _tower(widths), _tower(widths)
        seen = 4 * widths[2]  # mean and largest, of both networks
        self.head = nn.Sequential(
            nn.Linear(seen, 128),
            nn.LeakyReLU(SLOPE),
            nn.Linear(128, 128),
            nn.LeakyReLU(SLOPE),
            nn.Linear(128, len(self.kinds)),
        )

    @property
    def provides(self) -> dict[str, int]:
        return {f'vectors.{kind}': 1 for kind in self.kinds}

    def strengths(self, lq: Tensor) -> Tensor:
        """The strengths (B, K) of ``kinds`` in images (B, 3, H, W), not yet cut to [0, 1].

        They are linear in the last features: a sigmoid here is soon saturated and learns no more.
        """
        lq = lq.float()
        whole = self.thumbnail(_folded(F.adaptive_avg_pool2d(lq, SIDE))).flatten(2)
        near = self._closeups(lq)
        count = len(near) // len(lq)
        near = self.closeup(_folded(near)).flatten(2)
        near = near.unflatten(0, (len(lq), count)).transpose(1, 2).flatten(2)
        seen = [whole.mean(dim=2), whole.amax(dim=2), near.mean(dim=2), near.amax(dim=2)]
        return self.head(torch.cat(seen, dim=1)).float()

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


def _tower(widths: Sequence[int]) -> nn.Sequential:
    """(N, 24, 32, 32) -> (N, C, 8, 8)."""
    layers: list[nn.Module] = [nn.Conv2d(24, widths[0], 3, padding=1), ResidualBlock(widths[0])]
    for above, width in pairwise(widths):
        layers += [nn.LeakyReLU(SLOPE), nn.Conv2d(above, width, 2, stride=2), ResidualBlock(width)]
    return nn.Sequential(*layers)
