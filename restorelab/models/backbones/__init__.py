from restorelab.models.backbones.irsde_unet import IRSDEUNet
from restorelab.models.backbones.residual_diffusion_unet import ResidualDiffusionUNet

__all__ = ['IRSDEUNet', 'ResidualDiffusionUNet']
