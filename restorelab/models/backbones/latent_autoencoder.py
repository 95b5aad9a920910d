"""The autoencoder of Stable Diffusion, with taps for adapters."""

from functools import partial

from torch import Tensor

from restorelab.models.contracts import Part
from restorelab.models.layers.hooked_taps import tap_input, tap_output, tapped
from restorelab.registry import BACKBONES
from restorelab.structures import TapContext, TapSpec
from restorelab.utils.checkpoint import load_weights
from restorelab.utils.hub import DIFFUSERS_FILES, read_part
from restorelab.utils.modules import keep_out_of_checkpoint

SD_VAE = dict(
    block_out_channels=[128, 256, 512, 512],
    layers_per_block=2,
    latent_channels=4,
    norm_num_groups=32,
    down_block_types=['DownEncoderBlock2D'] * 4,
    up_block_types=['UpDecoderBlock2D'] * 4,
    scaling_factor=0.18215,
)


@BACKBONES.register_module()
class LatentAutoencoder(Part):
    """diffusers' ``AutoencoderKL``, frozen: images (B, 3, H, W) in [0, 1] <-> latents (B, C, H / stride, W / stride).

    Taps: ``enc.s2``, ``enc.s4``, ... behind all encoder blocks but the last (after their downsampler), and
    ``dec.s8.in``, ``dec.s4.in``, ... before every decoder block.

    Args:
        vae: options of ``AutoencoderKL`` instead of those of SD-Turbo.
        pretrained: folder or hub id with the part ``vae``, read by ``load_pretrained``; then it is kept out of
            checkpoints. None keeps the random weights, which suit tests alone.
    """

    def __init__(self, vae: dict | None = None, pretrained: str | None = None):
        super().__init__()
        from diffusers import AutoencoderKL

        self.pretrained = pretrained
        self.vae = AutoencoderKL(**{**SD_VAE, **(vae or {})}).requires_grad_(False).eval()
        widths = self.vae.config.block_out_channels
        self.stride = 2 ** (len(widths) - 1)
        self.latent_channels = self.vae.config.latent_channels
        self.tap_specs = self._hook_taps(list(widths))
        if pretrained:
            keep_out_of_checkpoint(self)

    def _hook_taps(self, widths: list[int]) -> list[TapSpec]:
        specs = []
        for level, (block, width) in enumerate(
            zip(self.vae.encoder.down_blocks[:-1], widths, strict=False)
        ):
            stride = 2 ** (level + 1)
            specs.append(TapSpec(f'enc.s{stride}', 'enc', stride, width))
            tap_output(block, specs[-1].name)
        inputs = [widths[-1], *widths[:0:-1]]
        for level, (block, width) in enumerate(
            zip(self.vae.decoder.up_blocks, inputs, strict=True)
        ):
            stride = self.stride >> level
            specs.append(TapSpec(f'dec.s{stride}.in', 'dec', stride, width))
            tap_input(block, specs[-1].name)
        return specs

    def load_pretrained(self) -> None:
        """Read the weights. Raises FileNotFoundError with both ways to provide them."""
        if self.pretrained:
            from diffusers import AutoencoderKL

            read = partial(
                AutoencoderKL.from_pretrained, low_cpu_mem_usage=False, use_safetensors=True
            )
            vae = read_part(read, self.pretrained, 'vae', DIFFUSERS_FILES)
            load_weights(self.vae, vae.state_dict(), f'{self.pretrained}/vae')

    def train(self, mode: bool = True):
        return super().train(False)

    def encode(self, image: Tensor, ctx: TapContext | None = None):
        """diffusers' ``DiagonalGaussianDistribution`` (``mean``, ``std``, ``logvar``) of unscaled latents."""
        with tapped(ctx):
            return self.vae.encode(image * 2 - 1).latent_dist

    def scaled(self, latent: Tensor) -> Tensor:
        """Unscaled latents to those of about unit variance, in which the diffusion runs."""
        return latent * self.vae.config.scaling_factor

    def decode(self, latent: Tensor, ctx: TapContext | None = None) -> Tensor:
        """Image of a scaled latent, not clamped."""
        with tapped(ctx):
            return (self.vae.decode(latent / self.vae.config.scaling_factor).sample + 1) / 2
