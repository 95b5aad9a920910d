"""A small vector that tells degradations apart (Perceive-IR's compact feature extraction)."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.models.contracts import Prior
from restorelab.registry import PRIORS
from restorelab.structures import Condition


@PRIORS.register_module()
class CompactDegradationEncoder(Prior):
    """Vector ``degradation`` (B, dim) of unit length, learned with the restorer.

    Strided 3x3 convolutions with GELU, the mean over the pixels, a linear layer. Source:
    Perceive-IR's release; 202,016 parameters at its widths. ``DegradationInfoNCE`` pulls the
    vectors of one degradation together.

    Args:
        widths: channels after each convolution.
        dim: length of the vector.
    """

    def __init__(self, widths: Sequence[int] = (32, 64, 96, 128), dim: int = 128):
        super().__init__()
        layers, channels = [], 3
        for width in widths:
            layers += [nn.Conv2d(channels, width, 3, stride=2, padding=1), nn.GELU()]
            channels = width
        self.body = nn.Sequential(*layers)
        self.projection = nn.Linear(channels, dim)

    @property
    def provides(self) -> dict[str, int]:
        return {'vectors.degradation': self.projection.out_features}

    def forward(self, lq: Tensor) -> Condition:
        vector = self.projection(self.body(lq).mean(dim=(2, 3)))
        return Condition(vectors=dict(degradation=F.normalize(vector, dim=1)))
