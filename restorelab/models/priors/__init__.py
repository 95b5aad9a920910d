from restorelab.models.priors.clip_degradation_prior import CLIPDegradationPrior
from restorelab.models.priors.clip_quality_perceiver import CLIPQualityPerceiver
from restorelab.models.priors.clip_semantic_prior import CLIPSemanticPrior
from restorelab.models.priors.compact_degradation_encoder import CompactDegradationEncoder
from restorelab.models.priors.cues import (
    BoxDoGCue,
    DarkChannelCue,
    DepthCue,
    SegmentationCue,
    SobelCue,
)
from restorelab.models.priors.degradation_verdict import DegradationVerdict
from restorelab.models.priors.dinov2_class_tokens import DINOv2ClassTokens
from restorelab.models.priors.structure_prior import StructurePrior
from restorelab.models.priors.tone_prior import TonePrior

__all__ = [
    'BoxDoGCue',
    'CLIPDegradationPrior',
    'CLIPQualityPerceiver',
    'CLIPSemanticPrior',
    'CompactDegradationEncoder',
    'DINOv2ClassTokens',
    'DarkChannelCue',
    'DegradationVerdict',
    'DepthCue',
    'SegmentationCue',
    'SobelCue',
    'StructurePrior',
    'TonePrior',
]
