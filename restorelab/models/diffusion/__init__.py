from restorelab.models.diffusion.mean_reverting import MeanRevertingProcess, ReverseMeanMatching

__all__ = ['MeanRevertingProcess', 'ReverseMeanMatching']
