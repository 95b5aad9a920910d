from restorelab.models.backbones.irsde_unet import IRSDEUNet
from restorelab.models.backbones.latent_autoencoder import LatentAutoencoder
from restorelab.models.backbones.residual_diffusion_unet import ResidualDiffusionUNet
from restorelab.models.backbones.restormer_unet import RestormerUNet

__all__ = ['IRSDEUNet', 'LatentAutoencoder', 'ResidualDiffusionUNet', 'RestormerUNet']
