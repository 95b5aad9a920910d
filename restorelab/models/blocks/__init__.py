from restorelab.lazy import lazy_names

PARTS = {
    'AutoAttentionBlock': 'auto_attention_block',
    'ConstantAttentionBlock': 'constant_attention_block',
    'EnhancedBlock': 'enhanced_block',
    'FullAttentionBlock': 'full_attention_block',
    'LinearAttentionBlock': 'linear_attention_block',
    'SpatialTransformerBlock': 'spatial_transformer_block',
    'TransformerBlock': 'transformer_block',
}
__all__ = list(PARTS)
__getattr__ = lazy_names(__name__, PARTS)
