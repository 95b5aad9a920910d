"""What a degraded image shows (TPGDiff)."""

import torch.nn.functional as F
from torch import Tensor

from restorelab.models.priors.image_tower_prior import ImageTowerPrior
from restorelab.registry import PRIORS
from restorelab.structures import Condition


@PRIORS.register_module()
class CLIPSemanticPrior(ImageTowerPrior):
    """Tokens ``semantic`` (B, 1, D): the unit vector of what the image shows.

    The tower is distilled to see it through a degradation.
    Source: TPGDiff (arXiv 2601.20306), content extractor. Options: see ``ImageTowerPrior``.
    """

    part = 'semantic'

    @property
    def provides(self) -> dict[str, int]:
        return {'tokens.semantic': self.tower.width_out}

    def forward(self, lq: Tensor) -> Condition:
        return Condition(tokens=dict(semantic=F.normalize(self.embed(lq), dim=-1)[:, None]))
