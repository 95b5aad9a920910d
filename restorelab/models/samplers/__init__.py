from restorelab.models.samplers.mean_reverting import DDIM, EulerODE, EulerSDE, MultistepDPM, Posterior

__all__ = ['DDIM', 'EulerODE', 'EulerSDE', 'MultistepDPM', 'Posterior']
