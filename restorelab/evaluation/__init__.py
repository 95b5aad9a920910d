from restorelab.evaluation.functional import psnr, quantize, ssim, to_y
from restorelab.evaluation.metrics import RestorationMetric
from restorelab.evaluation.protocols import PRESETS, Protocol

__all__ = ['PRESETS', 'Protocol', 'RestorationMetric', 'psnr', 'quantize', 'ssim', 'to_y']
