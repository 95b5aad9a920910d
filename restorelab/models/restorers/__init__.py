from restorelab.models.restorers.data_preprocessor import RestorationDataPreprocessor
from restorelab.models.restorers.diffusion import DiffusionRestorer
from restorelab.models.restorers.prior_distillation import PriorDistillation

__all__ = ['DiffusionRestorer', 'PriorDistillation', 'RestorationDataPreprocessor']
