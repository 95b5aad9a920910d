"""Linear attention of a level of an hourglass U-Net."""

from torch import Tensor

from restorelab.models.contracts import AttentionBlock
from restorelab.models.layers.attention import Tap
from restorelab.models.layers.linear_attention import LinearAttentionResidual
from restorelab.registry import BLOCKS


@BLOCKS.register_module()
class LinearAttentionBlock(LinearAttentionResidual, AttentionBlock):
    """``x + LinearAttention(norm(x))``: (B, C, H, W) -> the same.

    Source: DiffUIR (arXiv 2403.11157), IR-SDE (arXiv 2301.11699).
    """

    def forward(self, x: Tensor, tap: Tap | None = None) -> Tensor:
        return x + self.exact(x)
