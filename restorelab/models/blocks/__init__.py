from restorelab.models.blocks.auto_attention_block import AutoAttentionBlock
from restorelab.models.blocks.constant_attention_block import ConstantAttentionBlock
from restorelab.models.blocks.enhanced_block import EnhancedBlock
from restorelab.models.blocks.full_attention_block import FullAttentionBlock
from restorelab.models.blocks.linear_attention_block import LinearAttentionBlock
from restorelab.models.blocks.spatial_transformer_block import SpatialTransformerBlock
from restorelab.models.blocks.transformer_block import TransformerBlock

__all__ = [
    'AutoAttentionBlock',
    'ConstantAttentionBlock',
    'EnhancedBlock',
    'FullAttentionBlock',
    'LinearAttentionBlock',
    'SpatialTransformerBlock',
    'TransformerBlock',
]
