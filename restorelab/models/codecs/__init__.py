from restorelab.models.codecs.latent_autoencoder import LatentAutoencoder
from restorelab.models.codecs.pixel_codec import PixelCodec

__all__ = ['LatentAutoencoder', 'PixelCodec']
