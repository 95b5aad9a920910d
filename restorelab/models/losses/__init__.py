from restorelab.models.losses.clip_aware_loss import CLIPAwareLoss
from restorelab.models.losses.cosine_distillation_loss import CosineDistillationLoss
from restorelab.models.losses.degradation_infonce import DegradationInfoNCE
from restorelab.models.losses.difficulty_adaptive_perceptual_loss import (
    DifficultyAdaptivePerceptualLoss,
)
from restorelab.models.losses.keep_viewing_loss import KeepViewingLoss
from restorelab.models.losses.l1_loss import L1Loss
from restorelab.models.losses.label_smoothed_cross_entropy import LabelSmoothedCrossEntropy
from restorelab.models.losses.mse_loss import MSELoss
from restorelab.models.losses.psnr_loss import PSNRLoss
from restorelab.models.losses.viewing_loss import ViewingLoss

__all__ = [
    'CLIPAwareLoss',
    'CosineDistillationLoss',
    'DegradationInfoNCE',
    'DifficultyAdaptivePerceptualLoss',
    'KeepViewingLoss',
    'L1Loss',
    'LabelSmoothedCrossEntropy',
    'MSELoss',
    'PSNRLoss',
    'ViewingLoss',
]
