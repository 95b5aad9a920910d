from restorelab.evaluation.functional import psnr, quantize, ssim, to_y
from restorelab.evaluation.metrics import RestorationMetric
from restorelab.evaluation.prior_metric import PriorMetric
from restorelab.evaluation.protocols import PRESETS, Protocol
from restorelab.evaluation.task_metrics import MeanIoU, ThreeViewMetric, TopOneAccuracy
from restorelab.evaluation.tier_metric import TierRankMetric

__all__ = [
    'PRESETS',
    'MeanIoU',
    'PriorMetric',
    'Protocol',
    'RestorationMetric',
    'ThreeViewMetric',
    'TierRankMetric',
    'TopOneAccuracy',
    'psnr',
    'quantize',
    'ssim',
    'to_y',
]
