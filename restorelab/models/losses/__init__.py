from restorelab.lazy import lazy_names

PARTS = {
    'CLIPAwareLoss': 'clip_aware_loss',
    'CosineDistillationLoss': 'cosine_distillation_loss',
    'DegradationInfoNCE': 'degradation_infonce',
    'DifficultyAdaptivePerceptualLoss': 'difficulty_adaptive_perceptual_loss',
    'KeepViewingLoss': 'keep_viewing_loss',
    'L1Loss': 'l1_loss',
    'LabelSmoothedCrossEntropy': 'label_smoothed_cross_entropy',
    'MSELoss': 'mse_loss',
    'PSNRLoss': 'psnr_loss',
    'ViewingLoss': 'viewing_loss',
}
__all__ = list(PARTS)
__getattr__ = lazy_names(__name__, PARTS)
