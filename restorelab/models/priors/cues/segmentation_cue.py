"""Semantic segmentation."""

from torch import Tensor

from restorelab.models.priors.cues.transformers_cue import TransformersCue
from restorelab.registry import CUES


def class_id_map(logits: Tensor) -> Tensor:
    """Class of each pixel as a gray value: (B, K, h, w) -> (B, 1, h, w), id / (K - 1)."""
    return logits.argmax(dim=1, keepdim=True).float() / (logits.shape[1] - 1)


@CUES.register_module()
class SegmentationCue(TransformersCue):
    """Map ``segmentation`` (B, 1, h, w): class ids as gray values.

    TPGDiff uses SegFormer-b0 on ADE20K.

    Args:
        pretrained: hub id or local folder.
        cache_dir: folder in which the maps are kept, None for no cache.
    """

    name = 'segmentation'

    def __init__(
        self,
        pretrained: str = 'nvidia/segformer-b0-finetuned-ade-512-512',
        cache_dir: str | None = None,
    ):
        super().__init__(pretrained, cache_dir)

    def network_class(self) -> type:
        from transformers import AutoModelForSemanticSegmentation

        return AutoModelForSemanticSegmentation

    def read(self, outputs) -> Tensor:
        return class_id_map(outputs.logits)
