from restorelab.models.losses.clip_aware import CLIPAwareLoss
from restorelab.models.losses.contrastive import DegradationInfoNCE
from restorelab.models.losses.difficulty import DifficultyAdaptivePerceptualLoss
from restorelab.models.losses.distillation import CosineDistillationLoss, LabelSmoothedCrossEntropy
from restorelab.models.losses.pixel import L1Loss, MSELoss, PSNRLoss

__all__ = [
    'CLIPAwareLoss',
    'CosineDistillationLoss',
    'DegradationInfoNCE',
    'DifficultyAdaptivePerceptualLoss',
    'L1Loss',
    'LabelSmoothedCrossEntropy',
    'MSELoss',
    'PSNRLoss',
]
