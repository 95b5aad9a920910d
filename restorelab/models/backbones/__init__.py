from restorelab.models.backbones.irsde_unet import IRSDEUNet

__all__ = ['IRSDEUNet']
