"""The identity, for diffusion on the images themselves."""

from torch import Tensor

from restorelab.models.contracts import Codec, Noise
from restorelab.registry import CODECS
from restorelab.structures import TapContext


@CODECS.register_module()
class PixelCodec(Codec):
    """Images (B, 3, H, W) in [0, 1] stay as they are. The process maps their range."""

    is_pixel = True

    def encode(self, image: Tensor, noise: Noise, ctx: TapContext | None = None) -> Tensor:
        return image

    def decode(self, latent: Tensor, ctx: TapContext | None = None) -> Tensor:
        return latent
