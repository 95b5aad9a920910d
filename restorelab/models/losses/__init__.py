from restorelab.models.losses.clip_aware import CLIPAwareLoss
from restorelab.models.losses.contrastive import DegradationInfoNCE
from restorelab.models.losses.difficulty import DifficultyAdaptivePerceptualLoss
from restorelab.models.losses.distillation import CosineDistillationLoss, LabelSmoothedCrossEntropy
from restorelab.models.losses.keep_viewing_loss import KeepViewingLoss
from restorelab.models.losses.pixel import L1Loss, MSELoss, PSNRLoss
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
