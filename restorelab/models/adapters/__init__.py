from restorelab.models.adapters.pooled_film import PooledFiLM
from restorelab.models.adapters.prompt_guidance import PromptGuidance
from restorelab.models.adapters.prompt_time import PromptTimeAdapter
from restorelab.models.adapters.token_cross_attention import TokenCrossAttention

__all__ = ['PooledFiLM', 'PromptGuidance', 'PromptTimeAdapter', 'TokenCrossAttention']
