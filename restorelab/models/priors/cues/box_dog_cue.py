"""Edges of middle scale."""

import torch.nn.functional as F
from torch import Tensor

from restorelab.models.priors.cues.formula_cue import FormulaCue, luma
from restorelab.registry import CUES


def box_dog(image: Tensor) -> Tensor:
    """A 3x3 box blur of the gray image minus a 9x9 one: (B, 3, H, W) -> (B, 1, H, W) in [-1, 1].

    Divided by the largest absolute value of the image. The blurs count the zero padding.
    Source: TPGDiff's "DoG" cue.
    """
    gray = luma(image)
    dog = F.avg_pool2d(gray, 3, 1, 1) - F.avg_pool2d(gray, 9, 1, 4)
    return dog / (dog.abs().amax(dim=(1, 2, 3), keepdim=True) + 1e-6)


@CUES.register_module()
class BoxDoGCue(FormulaCue):
    """Map ``dog`` (B, 1, H, W): edges of middle scale, see ``box_dog``."""

    name = 'dog'

    def cue(self, lq: Tensor) -> Tensor:
        return box_dog(lq)
