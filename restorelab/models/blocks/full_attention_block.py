"""Softmax attention of a level of an hourglass U-Net."""

from torch import Tensor

from restorelab.models.contracts import AttentionBlock
from restorelab.models.layers.attention import FullAttention, PreNormResidual, Tap
from restorelab.registry import BLOCKS


@BLOCKS.register_module()
class FullAttentionBlock(PreNormResidual, AttentionBlock):
    """``x + FullAttention(norm(x))``: (B, C, H, W) -> the same; time is quadratic in H * W.

    Source: DiffUIR (arXiv 2403.11157), at the bottom of its network.
    """

    def __init__(self, channels: int):
        super().__init__(channels, FullAttention(channels))

    def forward(self, x: Tensor, tap: Tap | None = None) -> Tensor:
        return super().forward(x)
