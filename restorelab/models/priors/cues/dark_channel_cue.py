"""Haze, as a stand-in for depth."""

import torch.nn.functional as F
from torch import Tensor

from restorelab.models.priors.cues.formula_cue import FormulaCue
from restorelab.registry import CUES


def dark_channel(image: Tensor, radius: int = 7) -> Tensor:
    """Minimum over the colors and a square: (B, 3, H, W) -> (B, 1, H, W) in [0, 1].

    High in thick haze. The square has sides of 2 radius + 1. Source: He et al., CVPR 2009.
    """
    return -F.max_pool2d(-image.amin(dim=1, keepdim=True), 2 * radius + 1, 1, radius)


@CUES.register_module()
class DarkChannelCue(FormulaCue):
    """Map ``dark_channel`` (B, 1, H, W): a stand-in for depth that needs no network."""

    name = 'dark_channel'

    def cue(self, lq: Tensor) -> Tensor:
        return dark_channel(lq)
