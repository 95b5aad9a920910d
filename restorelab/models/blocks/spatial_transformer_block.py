"""A transformer in a level of an hourglass U-Net, with a tap for cross-attention."""

from torch import Tensor

from restorelab.models.contracts import AttentionBlock
from restorelab.models.layers.attention import PreNormResidual, SpatialTransformer, Tap
from restorelab.registry import BLOCKS


@BLOCKS.register_module()
class SpatialTransformerBlock(PreNormResidual, AttentionBlock):
    """``x + SpatialTransformer(norm(x))``: (B, C, H, W) -> the same; time is quadratic in H * W.

    Its tokens (B, H * W, C) pass a tap, on which ``TokenCrossAttention`` sits.
    Source: IR-SDE (arXiv 2301.11699), TPGDiff (arXiv 2601.20306).
    Raises: ValueError unless C is a multiple of 32.
    """

    has_tokens = True

    def __init__(self, channels: int):
        super().__init__(channels, SpatialTransformer(channels))

    def forward(self, x: Tensor, tap: Tap) -> Tensor:
        return super().forward(x, tap)
