from restorelab.models.processes.clean_matching import CleanMatching
from restorelab.models.processes.gaussian_process import GaussianProcess
from restorelab.models.processes.mean_reverting_process import MeanRevertingProcess
from restorelab.models.processes.reverse_mean_matching import ReverseMeanMatching
from restorelab.models.processes.shared_residual_process import SharedResidualProcess
from restorelab.models.processes.variance_preserving_process import VariancePreservingProcess

__all__ = [
    'CleanMatching',
    'GaussianProcess',
    'MeanRevertingProcess',
    'ReverseMeanMatching',
    'SharedResidualProcess',
    'VariancePreservingProcess',
]
