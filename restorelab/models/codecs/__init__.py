from restorelab.lazy import lazy_names

PARTS = {
    'LatentAutoencoder': 'latent_autoencoder',
    'PixelCodec': 'pixel_codec',
}
__all__ = list(PARTS)
__getattr__ = lazy_names(__name__, PARTS)
