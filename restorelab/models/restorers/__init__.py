from restorelab.models.restorers.data_preprocessor import RestorationDataPreprocessor
from restorelab.models.restorers.diffusion import DiffusionRestorer
from restorelab.models.restorers.joint import JointRestorer
from restorelab.models.restorers.latent import LatentRestorer
from restorelab.models.restorers.prior_distillation import PriorDistillation
from restorelab.models.restorers.prompt_learning import PromptLearning
from restorelab.models.restorers.proxy import ProxyRestorer, RenderedProxy
from restorelab.models.restorers.regression import RegressionRestorer

__all__ = [
    'DiffusionRestorer',
    'JointRestorer',
    'LatentRestorer',
    'PriorDistillation',
    'PromptLearning',
    'ProxyRestorer',
    'RegressionRestorer',
    'RenderedProxy',
    'RestorationDataPreprocessor',
]
