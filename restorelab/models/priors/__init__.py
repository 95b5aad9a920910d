from restorelab.lazy import lazy_names

PARTS = {
    'BoxDoGCue': 'cues.box_dog_cue',
    'CLIPDegradationPrior': 'clip_degradation_prior',
    'CLIPQualityPerceiver': 'clip_quality_perceiver',
    'CLIPSemanticPrior': 'clip_semantic_prior',
    'CompactDegradationEncoder': 'compact_degradation_encoder',
    'CueMaps': 'cue_maps',
    'DINOv2ClassTokens': 'dinov2_class_tokens',
    'DarkChannelCue': 'cues.dark_channel_cue',
    'DegradationVerdict': 'degradation_verdict',
    'DepthCue': 'cues.depth_cue',
    'SegmentationCue': 'cues.segmentation_cue',
    'SobelCue': 'cues.sobel_cue',
    'StructurePrior': 'structure_prior',
    'TonePrior': 'tone_prior',
}
__all__ = list(PARTS)
__getattr__ = lazy_names(__name__, PARTS)
