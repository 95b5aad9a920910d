"""The U-Net of SD-Turbo, frozen: a generative prior that denoises latents in a few steps."""

from functools import partial

import torch
from torch import Tensor

from restorelab.models.contracts import DiffusionBackbone
from restorelab.models.layers.hooked_taps import (
    tap_input,
    tap_level,
    tap_output,
    tap_skips,
    tapped,
)
from restorelab.registry import BACKBONES
from restorelab.structures import LATENT, TapContext, TapSpec
from restorelab.utils.checkpoint import load_weights
from restorelab.utils.hub import DIFFUSERS_FILES, read_part
from restorelab.utils.modules import keep_out_of_checkpoint
from restorelab.utils.options import holds

SD_UNET = dict(
    sample_size=64,
    in_channels=4,
    out_channels=4,
    block_out_channels=[320, 640, 1280, 1280],
    layers_per_block=2,
    attention_head_dim=[5, 10, 20, 20],
    cross_attention_dim=1024,
    use_linear_projection=True,
    down_block_types=['CrossAttnDownBlock2D'] * 3 + ['DownBlock2D'],
    up_block_types=['UpBlock2D'] + ['CrossAttnUpBlock2D'] * 3,
)


@BACKBONES.register_module()
@holds(unet='diffusers.UNet2DConditionModel')
class SDTurboUNet(DiffusionBackbone):
    """diffusers' ``UNet2DConditionModel`` under the empty prompt, frozen. It predicts the noise.

    Latents are (B, C, h, w). The degraded latent is no input of the network: an adapter on the
    skips brings it in (``ControlSCTuner``).

    Taps: ``skip.0``, ``skip.1``, ... for the skips, in the order in which the encoder makes them.
    An adapter on them changes what the decoder sees, not what goes down. ``time``. The levels are
    called ``latent.``..., for the codec has levels, too: ``latent.enc.s2``, ``latent.enc.s4``, ...
    behind all down blocks but the last, after their downsampler (the new value goes down and is the
    skip, too); ``latent.mid``; ``latent.dec.s8.in``, ``latent.dec.s4.in``, ... before every up
    block. Strides are in pixels of the latent.

    Args:
        unet: options of ``UNet2DConditionModel`` that differ from those of SD-Turbo.
        pretrained: folder or hub id with the parts ``unet``, ``text_encoder`` and ``tokenizer``,
            read by ``load_pretrained``. The weights are then kept out of checkpoints. None keeps
            the random weights.
        prompt_tokens: length of the empty prompt; 77 for SD-Turbo.
    """

    def __init__(
        self, unet: dict | None = None, pretrained: str | None = None, prompt_tokens: int = 77
    ):
        super().__init__()
        from diffusers import UNet2DConditionModel

        self.pretrained = pretrained
        self.unet = UNet2DConditionModel(**{**SD_UNET, **(unet or {})})
        self.channels = self.unet.config.in_channels
        width = self.unet.config.cross_attention_dim
        self.register_buffer('null_embeds', torch.zeros(1, prompt_tokens, width))
        self.requires_grad_(False).eval()
        self.tap_specs = [*self._tap_skips(), *self._tap_levels()]
        self.size_divisor = 2 ** (len(self.unet.config.block_out_channels) - 1)
        if pretrained:
            keep_out_of_checkpoint(self)

    def _tap_skips(self) -> list[TapSpec]:
        specs = []
        for number, (stride, width) in enumerate(self._skip_shapes()):
            specs.append(TapSpec(f'skip.{number}', 'skip', stride, width))
        names = [spec.name for spec in specs]
        for block in self.unet.up_blocks:  # the last skips are used first
            count = len(block.resnets)
            tap_skips(block, names[-count:])
            names = names[:-count]
        return specs

    def _tap_levels(self) -> list[TapSpec]:
        """The taps of time, encoder, bottom and decoder; hooked behind those of the skips."""
        widths = list(self.unet.config.block_out_channels)
        specs = [TapSpec('time', 'time', 0, self.unet.time_embedding.linear_2.out_features)]
        tap_output(self.unet.time_embedding, 'time')
        for level, block in enumerate(self.unet.down_blocks[:-1]):
            stride = 2 ** (level + 1)
            specs.append(TapSpec(f'{LATENT}enc.s{stride}', 'enc', stride, widths[level]))
            tap_level(block, specs[-1].name)
        deepest = 2 ** (len(widths) - 1)
        specs.append(TapSpec(f'{LATENT}mid', 'mid', deepest, widths[-1]))
        tap_output(self.unet.mid_block, specs[-1].name)
        inputs = [widths[-1], *widths[:0:-1]]
        for level, block in enumerate(self.unet.up_blocks):
            stride = deepest >> level
            specs.append(TapSpec(f'{LATENT}dec.s{stride}.in', 'dec', stride, inputs[level]))
            tap_input(block, specs[-1].name)
        return specs

    def _skip_shapes(self) -> list[tuple[int, int]]:
        """(stride, channels) of each skip."""
        widths, per_level = self.unet.config.block_out_channels, self.unet.config.layers_per_block
        shapes = [(1, widths[0])]
        for level, width in enumerate(widths):
            shapes += [(2**level, width)] * per_level
            if level < len(widths) - 1:
                shapes.append((2 ** (level + 1), width))
        return shapes

    def load_pretrained(self) -> None:
        """Read the U-Net and embed the empty prompt.

        Raises: FileNotFoundError with both ways to provide the files.
        """
        if not self.pretrained:
            return
        from diffusers import UNet2DConditionModel

        read = partial(
            UNet2DConditionModel.from_pretrained, low_cpu_mem_usage=False, use_safetensors=True
        )
        unet = read_part(read, self.pretrained, 'unet', DIFFUSERS_FILES)
        load_weights(self.unet, unet.state_dict(), f'{self.pretrained}/unet')
        self.null_embeds.copy_(self._empty_prompt())

    @torch.no_grad()
    def _empty_prompt(self) -> Tensor:
        """What the text encoder makes of an empty text, (1, N, D)."""
        from transformers import CLIPTextModel, CLIPTokenizer

        files = ('vocab.json', 'merges.txt')
        tokenizer = read_part(CLIPTokenizer.from_pretrained, self.pretrained, 'tokenizer', files)
        read = partial(CLIPTextModel.from_pretrained, use_safetensors=True)
        files = ('config.json', 'model.safetensors')
        encoder = read_part(read, self.pretrained, 'text_encoder', files).eval()
        length = self.null_embeds.shape[1]
        tokens = tokenizer('', padding='max_length', max_length=length, return_tensors='pt')
        return encoder(tokens.input_ids).last_hidden_state

    def train(self, mode: bool = True):
        """Stays in eval mode: it is frozen."""
        return super().train(False)

    def forward(
        self, x_t: Tensor, lq: Tensor, time: Tensor, ctx: TapContext | None = None
    ) -> Tensor:
        prompt = self.null_embeds.expand(len(x_t), -1, -1)
        with tapped(ctx):
            return self.unet(x_t, time, prompt).sample
