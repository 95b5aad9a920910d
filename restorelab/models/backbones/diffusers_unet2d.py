"""diffusers' unconditional U-Net, told the degraded image as further channels."""

import torch
from torch import Tensor

from restorelab.models.contracts import DiffusionBackbone
from restorelab.models.layers.hooked_taps import tap_input, tap_level, tap_output, tapped
from restorelab.registry import BACKBONES
from restorelab.structures import TapContext, TapSpec
from restorelab.utils import check_size
from restorelab.utils.options import holds


@BACKBONES.register_module()
@holds(unet='diffusers.UNet2DModel')
class DiffusersUNet2D(DiffusionBackbone):
    """diffusers' ``UNet2DModel`` on the state and the degraded image, side by side in its channels.

    Shapes: ``x_t``, ``lq`` (B, C, H, W), ``time`` (B,) -> (B, C, H, W). The process says what the
    output means.

    Taps: ``time``, the embedding of the time. ``enc.s2``, ``enc.s4``, ... behind all down blocks
    but the last, after their downsampler; the new value goes down and is the skip, too. ``mid``
    behind the middle block. ``dec.s8.in``, ``dec.s4.in``, ... before every up block.

    Args:
        unet: options of ``UNet2DModel``, such as ``block_out_channels``; its channels are set here.
        channels: C; 3 for images, those of the codec for latents.
    Raises: ValueError unless the sides are multiples of ``size_divisor``, or for other channels.
    """

    def __init__(self, unet: dict | None = None, channels: int = 3):
        super().__init__()
        from diffusers import UNet2DModel

        self.channels = channels
        options = dict(in_channels=2 * channels, out_channels=channels)
        self.unet = UNet2DModel(**{**(unet or {}), **options})
        widths = list(self.unet.config.block_out_channels)
        self.size_divisor = 2 ** (len(widths) - 1)
        self.tap_specs = self._hook_taps(widths)

    def _hook_taps(self, widths: list[int]) -> list[TapSpec]:
        specs = [TapSpec('time', 'time', 0, self.unet.time_embedding.linear_2.out_features)]
        tap_output(self.unet.time_embedding, 'time')
        for level, block in enumerate(self.unet.down_blocks[:-1]):
            stride = 2 ** (level + 1)
            specs.append(TapSpec(f'enc.s{stride}', 'enc', stride, widths[level]))
            tap_level(block, specs[-1].name)
        specs.append(TapSpec('mid', 'mid', self.size_divisor, widths[-1]))
        tap_output(self.unet.mid_block, 'mid')
        inputs = [widths[-1], *widths[:0:-1]]
        for level, block in enumerate(self.unet.up_blocks):
            stride = self.size_divisor >> level
            specs.append(TapSpec(f'dec.s{stride}.in', 'dec', stride, inputs[level]))
            tap_input(block, specs[-1].name)
        return specs

    def forward(
        self, x_t: Tensor, lq: Tensor, time: Tensor, ctx: TapContext | None = None
    ) -> Tensor:
        check_size(x_t, self.size_divisor)
        if x_t.shape[1] != self.channels:
            raise ValueError(
                f'the state has {x_t.shape[1]} channels, but DiffusersUNet2D is built with '
                f'channels={self.channels}; give it those of the codec'
            )
        with tapped(ctx):
            return self.unet(torch.cat([x_t, lq], dim=1), time).sample
