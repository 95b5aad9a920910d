from restorelab.lazy import lazy_names

PARTS = {
    'CFRM': 'cfrm',
    'ControlSCTuner': 'control_sc_tuner',
    'FiLM': 'film',
    'MapGate': 'map_gate',
    'PooledFiLM': 'pooled_film',
    'PromptGuidance': 'prompt_guidance',
    'PromptInteraction': 'prompt_interaction',
    'PromptTimeAdapter': 'prompt_time_adapter',
    'TFA': 'tfa',
    'TokenCrossAttention': 'token_cross_attention',
}
__all__ = list(PARTS)
__getattr__ = lazy_names(__name__, PARTS)
