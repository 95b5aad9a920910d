from restorelab.models.samplers.ddim import DDIM
from restorelab.models.samplers.diffusers_sampler import DiffusersSampler
from restorelab.models.samplers.euler_ode import EulerODE
from restorelab.models.samplers.euler_sde import EulerSDE
from restorelab.models.samplers.multistep_dpm import MultistepDPM
from restorelab.models.samplers.posterior import Posterior
from restorelab.models.samplers.sdt_ddim_sampler import SDTDDIMSampler

__all__ = [
    'DDIM',
    'DiffusersSampler',
    'EulerODE',
    'EulerSDE',
    'MultistepDPM',
    'Posterior',
    'SDTDDIMSampler',
]
