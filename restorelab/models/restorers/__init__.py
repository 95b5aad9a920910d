from restorelab.models.restorers.data_preprocessor import RestorationDataPreprocessor
from restorelab.models.restorers.diffusion import DiffusionRestorer

__all__ = ['DiffusionRestorer', 'RestorationDataPreprocessor']
