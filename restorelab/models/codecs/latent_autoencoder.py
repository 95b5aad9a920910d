"""The autoencoder of Stable Diffusion, with taps for adapters."""

from functools import partial

from torch import Tensor

from restorelab.models.contracts import Codec, Noise
from restorelab.models.layers.hooked_taps import tap_input, tap_output, tapped
from restorelab.registry import CODECS
from restorelab.structures import TapContext, TapSpec
from restorelab.utils.checkpoint import load_weights
from restorelab.utils.hub import DIFFUSERS_FILES, read_part
from restorelab.utils.modules import keep_out_of_checkpoint
from restorelab.utils.options import holds

SD_VAE = dict(
    block_out_channels=[128, 256, 512, 512],
    layers_per_block=2,
    latent_channels=4,
    norm_num_groups=32,
    down_block_types=['DownEncoderBlock2D'] * 4,
    up_block_types=['UpDecoderBlock2D'] * 4,
    scaling_factor=0.18215,
)


@CODECS.register_module()
@holds(vae='diffusers.AutoencoderKL')
class LatentAutoencoder(Codec):
    """diffusers' ``AutoencoderKL``, frozen: an image <-> a latent of about unit variance.

    Shapes: (B, 3, H, W) in [0, 1] <-> (B, C, H / stride, W / stride).

    Taps: ``enc.s2``, ``enc.s4``, ... behind all encoder blocks but the last, after their
    downsampler. ``dec.s8.in``, ``dec.s4.in``, ... before every decoder block.

    Args:
        vae: options of ``AutoencoderKL`` that differ from those of SD-Turbo.
        pretrained: folder or hub id with the part ``vae``, read by ``load_pretrained``. The weights
            are then kept out of checkpoints. None keeps the random weights, which suit tests alone.
        sample_posterior: draw the latent from the encoder's distribution, as UniRestore does. False
            takes its mean.
        min_side: smaller images are first enlarged to this shorter side.
    """

    def __init__(
        self,
        vae: dict | None = None,
        pretrained: str | None = None,
        sample_posterior: bool = True,
        min_side: int = 512,
    ):
        super().__init__()
        from diffusers import AutoencoderKL

        self.pretrained, self.sample_posterior = pretrained, sample_posterior
        self.min_side = min_side
        self.vae = AutoencoderKL(**{**SD_VAE, **(vae or {})}).requires_grad_(False).eval()
        widths = list(self.vae.config.block_out_channels)
        self.stride = 2 ** (len(widths) - 1)
        self.channels = self.vae.config.latent_channels
        self.tap_specs = [*self._tap_encoder(widths), *self._tap_decoder(widths)]
        if pretrained:
            keep_out_of_checkpoint(self)

    def _tap_encoder(self, widths: list[int]) -> list[TapSpec]:
        specs = []
        for level, block in enumerate(self.vae.encoder.down_blocks[:-1]):
            stride = 2 ** (level + 1)
            specs.append(TapSpec(f'enc.s{stride}', 'enc', stride, widths[level]))
            tap_output(block, specs[-1].name)
        return specs

    def _tap_decoder(self, widths: list[int]) -> list[TapSpec]:
        specs = []
        inputs = [widths[-1], *widths[:0:-1]]
        for level, block in enumerate(self.vae.decoder.up_blocks):
            stride = self.stride >> level
            specs.append(TapSpec(f'dec.s{stride}.in', 'dec', stride, inputs[level]))
            tap_input(block, specs[-1].name)
        return specs

    def load_pretrained(self) -> None:
        """Read the weights. Raises FileNotFoundError with both ways to provide them."""
        if not self.pretrained:
            return
        from diffusers import AutoencoderKL

        read = partial(AutoencoderKL.from_pretrained, low_cpu_mem_usage=False, use_safetensors=True)
        vae = read_part(read, self.pretrained, 'vae', DIFFUSERS_FILES)
        load_weights(self.vae, vae.state_dict(), f'{self.pretrained}/vae')

    def train(self, mode: bool = True):
        """Stays in eval mode: it is frozen."""
        return super().train(False)

    def posterior(self, image: Tensor, ctx: TapContext | None = None):
        """diffusers' ``DiagonalGaussianDistribution`` of unscaled latents: ``mean``, ``std``."""
        with tapped(ctx):
            return self.vae.encode(image * 2 - 1).latent_dist

    def encode(self, image: Tensor, noise: Noise, ctx: TapContext | None = None) -> Tensor:
        posterior = self.posterior(image, ctx)
        latent = posterior.mean
        if self.sample_posterior:
            latent = latent + posterior.std * noise(latent)
        return latent * self.vae.config.scaling_factor

    def decode(self, latent: Tensor, ctx: TapContext | None = None) -> Tensor:
        with tapped(ctx):
            return (self.vae.decode(latent / self.vae.config.scaling_factor).sample + 1) / 2
