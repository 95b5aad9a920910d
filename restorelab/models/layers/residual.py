"""The residual block of the small networks of plain convolutions."""

import torch.nn.functional as F
from torch import Tensor, nn

SLOPE = 0.1  # of the leaky ReLUs; a plain ReLU left a third of the coarse channels dead


class ResidualBlock(nn.Module):
    """``x + conv(act(conv(x)))`` with 3x3 convolutions: (B, C, H, W) -> the same."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.kaiming_normal_(self.conv1.weight, SLOPE)
        nn.init.zeros_(self.conv1.bias)
        nn.init.kaiming_normal_(self.conv2.weight, SLOPE)
        self.conv2.weight.data *= 0.1  # a block starts near the identity, so depth does no harm
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.leaky_relu(self.conv1(x), SLOPE))
