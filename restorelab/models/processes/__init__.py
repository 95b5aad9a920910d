from restorelab.lazy import lazy_names

PARTS = {
    'CleanMatching': 'clean_matching',
    'MeanRevertingProcess': 'mean_reverting_process',
    'ReverseMeanMatching': 'reverse_mean_matching',
    'SharedResidualProcess': 'shared_residual_process',
    'VariancePreservingProcess': 'variance_preserving_process',
}
__all__ = list(PARTS)
__getattr__ = lazy_names(__name__, PARTS)
