from restorelab.models.losses.distillation import CosineDistillationLoss, LabelSmoothedCrossEntropy
from restorelab.models.losses.pixel import L1Loss, MSELoss, PSNRLoss

__all__ = ['CosineDistillationLoss', 'L1Loss', 'LabelSmoothedCrossEntropy', 'MSELoss', 'PSNRLoss']
