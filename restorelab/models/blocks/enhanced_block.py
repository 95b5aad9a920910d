"""The decoder block of Perceive-IR."""

from torch import Tensor, nn

from restorelab.models.contracts import DecoderBlock
from restorelab.models.layers.norm import ChannelLayerNorm
from restorelab.models.layers.restormer import (
    ChannelAttention,
    ChannelCrossAttention,
    GatedFeedForward,
)
from restorelab.registry import BLOCKS


@BLOCKS.register_module()
class EnhancedBlock(DecoderBlock):
    """Feature and guidance, both (B, C, H, W) -> feature.

        c = cross_attention(norm(x), norm(g))
        y = g + attention(norm(c))
        y + feed_forward(norm(y))

    The residual starts from the guidance g: of x only keys and values enter. The released weights
    assume it. Source: Perceive-IR (DOI 10.1109/TIP.2025.3566300).

    Args:
        channels: C, a multiple of ``num_heads``.
        expansion: width of the feed-forward over C.
        bias: of all convolutions.
        self_attention: the second attention, which the release has and the paper's figure has not.
            Without it ``y = g + c``.
    """

    guided = True

    def __init__(
        self,
        channels: int,
        num_heads: int,
        expansion: float = 2.66,
        bias: bool = True,
        self_attention: bool = True,
    ):
        super().__init__()
        self.norm1 = ChannelLayerNorm(channels)
        self.guidance_norm = ChannelLayerNorm(channels)
        self.attention = ChannelCrossAttention(channels, num_heads, bias)
        self.mdta_norm, self.mdta = nn.Identity(), nn.Identity()
        if self_attention:
            self.mdta_norm = ChannelLayerNorm(channels)
            self.mdta = ChannelAttention(channels, num_heads, bias)
        self.norm2 = ChannelLayerNorm(channels)
        self.ffn = GatedFeedForward(channels, expansion, bias)

    def forward(self, x: Tensor, guidance: Tensor) -> Tensor:
        y = self.attention(self.norm1(x), self.guidance_norm(guidance))
        y = guidance + self.mdta(self.mdta_norm(y))
        return y + self.ffn(self.norm2(y))
