"""The block of Restormer."""

from torch import Tensor

from restorelab.models.contracts import DecoderBlock
from restorelab.models.layers.norm import ChannelLayerNorm
from restorelab.models.layers.restormer import ChannelAttention, GatedFeedForward
from restorelab.registry import BLOCKS


@BLOCKS.register_module()
class TransformerBlock(DecoderBlock):
    """``x + attention(norm(x))``, then ``x + feed_forward(norm(x))``: (B, C, H, W) -> the same.

    Source: Restormer (arXiv 2111.09881).

    Args:
        channels: C, a multiple of ``num_heads``.
        expansion: width of the feed-forward over C.
        bias: of all convolutions.
    """

    def __init__(self, channels: int, num_heads: int, expansion: float = 2.66, bias: bool = True):
        super().__init__()
        self.norm1 = ChannelLayerNorm(channels)
        self.attention = ChannelAttention(channels, num_heads, bias)
        self.norm2 = ChannelLayerNorm(channels)
        self.ffn = GatedFeedForward(channels, expansion, bias)

    def forward(self, x: Tensor, guidance: Tensor | None = None) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.ffn(self.norm2(x))
