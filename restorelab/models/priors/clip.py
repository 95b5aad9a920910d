"""Semantic and degradation priors on CLIP image towers (TPGDiff stage 1)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from restorelab.models.contracts import Prior
from restorelab.models.priors.image_tower import build_tower, clip_view, load_tower, square_views
from restorelab.registry import PRIORS
from restorelab.structures import Condition
from restorelab.utils.modules import keep_out_of_checkpoint


class ImageTowerPrior(Prior):
    """A CLIP image tower that looks at the degraded image; subclasses say what its output (B, D) becomes.

    Args:
        tower: open_clip model name, or open_clip's vision options plus ``embed_dim``; see ``build_tower``.
        pretrained: file, ``restorelab:<name>`` or open_clip tag, loaded by ``load_pretrained``; None keeps the random
            weights.
        frozen: no gradients, always in eval mode; with ``pretrained`` also kept out of checkpoints.
        resize: look at the whole image made small (as CLIP does), or at full-resolution squares of it.
        views: without ``resize``, squares a side at most (see ``square_views``); their outputs are averaged. 1 is the
            center alone, which misleads where it is flat, dark or pale.
    Raises: ValueError for several views of a resized image.
    """

    part = ''

    def __init__(
        self,
        tower: str | dict,
        pretrained: str | None = None,
        frozen: bool = True,
        resize: bool = True,
        views: int = 1,
    ):
        super().__init__()
        if views < 1 or (resize and views > 1):
            raise ValueError(
                f'views={views}, resize={resize}: a resized image has one view; '
                'give resize=False for several, or views=1'
            )
        self.tower_config, self.pretrained, self.frozen, self.resize = (
            tower,
            pretrained,
            frozen,
            resize,
        )
        self.views = views
        self.tower = build_tower(tower)
        if frozen:
            self.requires_grad_(False).eval()
        if frozen and pretrained:
            keep_out_of_checkpoint(self)

    def load_pretrained(self) -> None:
        """Read the pretrained weights. Not done when built: a constructor never waits for a network."""
        if self.pretrained:
            load_tower(self.tower, self.tower_config, self.pretrained, self.part)

    def train(self, mode: bool = True):
        return super().train(mode and not self.frozen)

    def embed(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] -> raw output of the tower (B, D)."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            if self.resize:
                return self.tower(clip_view(image, self.tower.image_size))
            views = square_views(image, self.tower.image_size, self.views)
            return self.tower(torch.cat(views)).unflatten(0, (len(views), len(image))).mean(dim=0)


@PRIORS.register_module()
class CLIPSemanticPrior(ImageTowerPrior):
    """Tokens ``semantic`` (B, 1, D): the unit vector of what the image shows, by a tower distilled to see it through a
    degradation. Source: TPGDiff (arXiv 2601.20306), content extractor."""

    part = 'semantic'

    @property
    def provides(self) -> dict[str, int]:
        return {'tokens.semantic': self.tower.width_out}

    def forward(self, lq: Tensor) -> Condition:
        return Condition(tokens=dict(semantic=F.normalize(self.embed(lq), dim=-1)[:, None]))


@PRIORS.register_module()
class CLIPDegradationPrior(ImageTowerPrior):
    """Vector ``degradation`` (B, D): the raw features (not normalized) under a degradation classifier.

    Source: TPGDiff (arXiv 2601.20306), degradation extractor; the classifier on top is used in stage 1 only.
    """

    part = 'degradation'

    @property
    def provides(self) -> dict[str, int]:
        return {'vectors.degradation': self.tower.width_out}

    def forward(self, lq: Tensor) -> Condition:
        return Condition(vectors=dict(degradation=self.embed(lq)))
