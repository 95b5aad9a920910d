from restorelab.models.backbones.diffusers_unet2d import DiffusersUNet2D
from restorelab.models.backbones.irsde_unet import IRSDEUNet
from restorelab.models.backbones.latent_autoencoder import LatentAutoencoder
from restorelab.models.backbones.residual_diffusion_unet import ResidualDiffusionUNet
from restorelab.models.backbones.restormer_unet import RestormerUNet

__all__ = [
    'DiffusersUNet2D',
    'IRSDEUNet',
    'LatentAutoencoder',
    'ResidualDiffusionUNet',
    'RestormerUNet',
]
