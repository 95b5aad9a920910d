from restorelab.models.samplers.mean_reverting import (
    DDIM,
    EulerODE,
    EulerSDE,
    MultistepDPM,
    Posterior,
)
from restorelab.models.samplers.sdt_ddim import SDTDDIMSampler

__all__ = ['DDIM', 'EulerODE', 'EulerSDE', 'MultistepDPM', 'Posterior', 'SDTDDIMSampler']
