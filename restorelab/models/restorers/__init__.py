from restorelab.models.restorers.diffusion_restorer import DiffusionRestorer
from restorelab.models.restorers.joint_restorer import JointRestorer
from restorelab.models.restorers.prior_distillation import PriorDistillation
from restorelab.models.restorers.prompt_learning import PromptLearning
from restorelab.models.restorers.regression_restorer import RegressionRestorer
from restorelab.models.restorers.restoration_data_preprocessor import RestorationDataPreprocessor
from restorelab.models.restorers.strength_estimation import StrengthEstimation

__all__ = [
    'DiffusionRestorer',
    'JointRestorer',
    'PriorDistillation',
    'PromptLearning',
    'RegressionRestorer',
    'RestorationDataPreprocessor',
    'StrengthEstimation',
]
