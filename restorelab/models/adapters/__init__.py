from restorelab.models.adapters.cfrm import CFRM
from restorelab.models.adapters.control_sc_tuner import ControlSCTuner
from restorelab.models.adapters.pooled_film import PooledFiLM
from restorelab.models.adapters.prompt_guidance import PromptGuidance
from restorelab.models.adapters.prompt_interaction import PromptInteraction
from restorelab.models.adapters.prompt_time_adapter import PromptTimeAdapter
from restorelab.models.adapters.tfa import TFA
from restorelab.models.adapters.token_cross_attention import TokenCrossAttention

__all__ = [
    'CFRM',
    'TFA',
    'ControlSCTuner',
    'PooledFiLM',
    'PromptGuidance',
    'PromptInteraction',
    'PromptTimeAdapter',
    'TokenCrossAttention',
]
