from restorelab.models.restorers.data_preprocessor import RestorationDataPreprocessor
from restorelab.models.restorers.diffusion import DiffusionRestorer
from restorelab.models.restorers.latent import LatentRestorer
from restorelab.models.restorers.prior_distillation import PriorDistillation
from restorelab.models.restorers.regression import RegressionRestorer

__all__ = ['DiffusionRestorer', 'LatentRestorer', 'PriorDistillation', 'RegressionRestorer',
           'RestorationDataPreprocessor']
