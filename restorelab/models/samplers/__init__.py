from restorelab.lazy import lazy_names

PARTS = {
    'DDIM': 'ddim',
    'DiffusersSampler': 'diffusers_sampler',
    'EulerODE': 'euler_ode',
    'EulerSDE': 'euler_sde',
    'MultistepDPM': 'multistep_dpm',
    'Posterior': 'posterior',
    'SDTDDIMSampler': 'sdt_ddim_sampler',
}
__all__ = list(PARTS)
__getattr__ = lazy_names(__name__, PARTS)
