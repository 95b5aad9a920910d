from restorelab.models.codecs.pixel_codec import PixelCodec

__all__ = ['PixelCodec']
