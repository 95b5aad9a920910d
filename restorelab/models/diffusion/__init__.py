from restorelab.models.diffusion.mean_reverting import MeanRevertingProcess, ReverseMeanMatching
from restorelab.models.diffusion.shared_residual import SharedResidualProcess

__all__ = ['MeanRevertingProcess', 'ReverseMeanMatching', 'SharedResidualProcess']
