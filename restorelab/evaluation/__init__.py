from restorelab.evaluation.functional import psnr, quantize, ssim, to_y
from restorelab.evaluation.metrics import RestorationMetric
from restorelab.evaluation.prior_metric import PriorMetric
from restorelab.evaluation.protocols import PRESETS, Protocol
from restorelab.evaluation.tier_metric import TierRankMetric

__all__ = ['PRESETS', 'PriorMetric', 'Protocol', 'RestorationMetric', 'TierRankMetric', 'psnr', 'quantize', 'ssim',
           'to_y']
