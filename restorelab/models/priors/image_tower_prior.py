"""What the priors of TPGDiff share: a CLIP image tower that looks at the degraded image."""

import torch
from torch import Tensor

from restorelab.models.contracts import Prior
from restorelab.models.priors.image_tower import (
    TOWER_OPTIONS,
    build_tower,
    clip_view,
    load_tower,
    square_views,
)
from restorelab.utils.modules import keep_out_of_checkpoint
from restorelab.utils.options import holds


@holds(tower=TOWER_OPTIONS)
class ImageTowerPrior(Prior):
    """A CLIP image tower. Subclasses say what its output (B, D) becomes.

    Args:
        tower: open_clip model name, or open_clip's vision options plus ``embed_dim``; see
            ``build_tower``.
        pretrained: file, ``restorelab:<name>`` or open_clip tag, read by ``load_pretrained``. None
            keeps the random weights.
        frozen: no gradients, always in eval mode; with ``pretrained`` also kept out of checkpoints.
        resize: look at the whole image made small, as CLIP does. False: look at squares of it at
            full resolution.
        views: without ``resize``, the largest number of squares on a side (see ``square_views``).
            Their outputs are averaged. 1 is the center alone, which misleads where it is flat, dark
            or pale.
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
        self.tower_config, self.pretrained, self.frozen = tower, pretrained, frozen
        self.resize, self.views = resize, views
        self.tower = build_tower(tower)
        if frozen:
            self.requires_grad_(False).eval()
        if frozen and pretrained:
            keep_out_of_checkpoint(self)

    def load_pretrained(self) -> None:
        """Read the pretrained weights. Not done when built: a constructor never waits."""
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
