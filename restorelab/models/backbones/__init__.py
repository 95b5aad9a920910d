from restorelab.models.backbones.diffusers_unet2d import DiffusersUNet2D
from restorelab.models.backbones.irsde_unet import IRSDEUNet
from restorelab.models.backbones.residual_diffusion_unet import ResidualDiffusionUNet
from restorelab.models.backbones.residual_unet import ResidualUNet
from restorelab.models.backbones.restormer_unet import RestormerUNet
from restorelab.models.backbones.sd_turbo_unet import SDTurboUNet
from restorelab.models.backbones.stage import Stage
from restorelab.models.backbones.staged_network import StagedNetwork
from restorelab.models.backbones.tone_curve import ToneCurve

__all__ = [
    'DiffusersUNet2D',
    'IRSDEUNet',
    'ResidualDiffusionUNet',
    'ResidualUNet',
    'RestormerUNet',
    'SDTurboUNet',
    'Stage',
    'StagedNetwork',
    'ToneCurve',
]
