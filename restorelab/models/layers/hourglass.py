"""Blocks of the U-Nets of DiffUIR and IR-SDE (hence TPGDiff), which both derive from DDPM's."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from restorelab.ops import fast_forms, film_norm, upsample_conv

MakeConv = Callable[[int, int], nn.Module]  # (in_channels, out_channels) -> 3x3 convolution


class ConvBlock(nn.Module):
    """``SiLU(norm(conv(x)) * (scale + 1) + shift)``: (B, C, H, W) -> (B, C_out, H, W).

    Args:
        norm: None for a block without a norm.
    """

    def __init__(self, conv: nn.Module, norm: nn.Module | None):
        super().__init__()
        self.proj = conv
        self.norm = nn.Identity() if norm is None else norm

    def forward(self, x: Tensor, film: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """``film``: scale and shift (B, C_out, 1, 1), or None for neither."""
        x = self.proj(x)
        if film is None:
            x = self.norm(x)
        elif fast_forms():
            x = film_norm(x, self.norm, *film)
        else:
            scale, shift = film
            x = self.norm(x) * (scale + 1) + shift
        return F.silu(x, inplace=True)


class UpConv(nn.Sequential):
    """Nearest upsampling by 2 and a 3x3 convolution: (B, C, H, W) -> (B, C_out, 2H, 2W)."""

    def __init__(self, channels: int, out_channels: int, bias: bool):
        super().__init__(
            nn.Upsample(scale_factor=2, mode='nearest'),
            nn.Conv2d(channels, out_channels, 3, padding=1, bias=bias),
        )

    def forward(self, x: Tensor) -> Tensor:
        if fast_forms():
            return upsample_conv(x, self[1].weight, self[1].bias)
        return super().forward(x)


class TimeResBlock(nn.Module):
    """Two convolutions and a shortcut: (B, C, H, W), time embedding (B, E) -> (B, C_out, H, W).

    The time embedding scales and shifts what comes out of the first convolution.

    Args:
        time_dim: E.
        make_conv: makes the two convolutions.
        norm_groups: groups of the group norms after the convolutions, None for no norm.
        bias: of the 1x1 shortcut, which exists where the number of channels changes.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        time_dim: int,
        make_conv: MakeConv,
        norm_groups: int | None,
        bias: bool,
    ):
        super().__init__()
        self.mlp = nn.Sequential(nn.SiLU(), nn.Linear(time_dim, 2 * out_channels))
        norm1, norm2 = None, None
        if norm_groups:
            norm1 = nn.GroupNorm(norm_groups, out_channels)
            norm2 = nn.GroupNorm(norm_groups, out_channels)
        self.block1 = ConvBlock(make_conv(channels, out_channels), norm1)
        self.block2 = ConvBlock(make_conv(out_channels, out_channels), norm2)
        if channels == out_channels:
            self.res_conv = nn.Identity()
        else:
            self.res_conv = nn.Conv2d(channels, out_channels, 1, bias=bias)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        film = self.mlp(time)[:, :, None, None].chunk(2, dim=1)
        return self.block2(self.block1(x, film)) + self.res_conv(x)
