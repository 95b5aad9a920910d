from restorelab.evaluation.functional import psnr, quantize, ssim, to_y
from restorelab.evaluation.mean_iou import MeanIoU
from restorelab.evaluation.prior_metric import PriorMetric
from restorelab.evaluation.protocols import PRESETS, Protocol
from restorelab.evaluation.restoration_metric import RestorationMetric
from restorelab.evaluation.strength_metric import StrengthMetric
from restorelab.evaluation.three_view_metric import ThreeViewMetric
from restorelab.evaluation.tier_rank_metric import TierRankMetric
from restorelab.evaluation.top_one_accuracy import TopOneAccuracy

__all__ = [
    'PRESETS',
    'MeanIoU',
    'PriorMetric',
    'Protocol',
    'RestorationMetric',
    'StrengthMetric',
    'ThreeViewMetric',
    'TierRankMetric',
    'TopOneAccuracy',
    'psnr',
    'quantize',
    'ssim',
    'to_y',
]
