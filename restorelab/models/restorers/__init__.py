from restorelab.lazy import lazy_names

PARTS = {
    'DiffusionRestorer': 'diffusion_restorer',
    'JointRestorer': 'joint_restorer',
    'PriorDistillation': 'prior_distillation',
    'PromptLearning': 'prompt_learning',
    'RegressionRestorer': 'regression_restorer',
    'RestorationDataPreprocessor': 'restoration_data_preprocessor',
    'StrengthEstimation': 'strength_estimation',
}
__all__ = list(PARTS)
__getattr__ = lazy_names(__name__, PARTS)
