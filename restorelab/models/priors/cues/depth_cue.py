"""Monocular depth."""

from torch import Tensor

from restorelab.models.priors.cues.transformers_cue import TransformersCue
from restorelab.registry import CUES


def unit_range(depth: Tensor) -> Tensor:
    """(B, h, w) -> (B, 1, h, w), each image stretched to [0, 1]."""
    low, high = depth.amin(dim=(1, 2), keepdim=True), depth.amax(dim=(1, 2), keepdim=True)
    return ((depth - low) / (high - low + 1e-6))[:, None]


@CUES.register_module()
class DepthCue(TransformersCue):
    """Map ``depth`` (B, 1, h, w): monocular depth stretched to [0, 1].

    TPGDiff uses Depth-Anything-small.

    Args:
        pretrained: hub id or local folder.
        cache_dir: folder in which the maps are kept, None for no cache.
    """

    name = 'depth'

    def __init__(
        self, pretrained: str = 'LiheYoung/depth-anything-small-hf', cache_dir: str | None = None
    ):
        super().__init__(pretrained, cache_dir)

    def network_class(self) -> type:
        from transformers import AutoModelForDepthEstimation

        return AutoModelForDepthEstimation

    def read(self, outputs) -> Tensor:
        return unit_range(outputs.predicted_depth)
