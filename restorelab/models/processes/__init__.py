from restorelab.models.processes.gaussian_process import GaussianProcess
from restorelab.models.processes.mean_reverting_process import MeanRevertingProcess
from restorelab.models.processes.reverse_mean_matching import ReverseMeanMatching
from restorelab.models.processes.shared_residual_process import SharedResidualProcess

__all__ = [
    'GaussianProcess',
    'MeanRevertingProcess',
    'ReverseMeanMatching',
    'SharedResidualProcess',
]
