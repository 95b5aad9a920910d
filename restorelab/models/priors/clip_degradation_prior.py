"""Which degradation an image has (TPGDiff)."""

from torch import Tensor

from restorelab.models.priors.image_tower_prior import ImageTowerPrior
from restorelab.registry import PRIORS
from restorelab.structures import Condition


@PRIORS.register_module()
class CLIPDegradationPrior(ImageTowerPrior):
    """Vector ``degradation`` (B, D): the raw features under a degradation classifier.

    They are not normalized. The classifier on top is used in stage 1 only.
    Source: TPGDiff (arXiv 2601.20306), degradation extractor. Options: see ``ImageTowerPrior``.
    """

    part = 'degradation'

    @property
    def provides(self) -> dict[str, int]:
        return {'vectors.degradation': self.tower.width_out}

    def forward(self, lq: Tensor) -> Condition:
        return Condition(vectors=dict(degradation=self.embed(lq)))
