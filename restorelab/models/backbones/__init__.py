from restorelab.lazy import lazy_names

PARTS = {
    'DiffusersUNet2D': 'diffusers_unet2d',
    'IRSDEUNet': 'irsde_unet',
    'OneStepBackbone': 'one_step_backbone',
    'ResidualDiffusionUNet': 'residual_diffusion_unet',
    'ResidualUNet': 'residual_unet',
    'RestormerUNet': 'restormer_unet',
    'SDTurboUNet': 'sd_turbo_unet',
    'Stage': 'stage',
    'StagedNetwork': 'staged_network',
    'TimedBackbone': 'timed_backbone',
    'ToneCurve': 'tone_curve',
}
__all__ = list(PARTS)
__getattr__ = lazy_names(__name__, PARTS)
