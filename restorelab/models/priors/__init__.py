from restorelab.models.priors.clip import CLIPDegradationPrior, CLIPSemanticPrior
from restorelab.models.priors.compact_degradation import CompactDegradationEncoder
from restorelab.models.priors.cues import (
    BoxDoGCue,
    DarkChannelCue,
    DepthCue,
    SegmentationCue,
    SobelCue,
)
from restorelab.models.priors.dinov2 import DINOv2ClassTokens
from restorelab.models.priors.quality import CLIPQualityPerceiver
from restorelab.models.priors.structure import StructurePrior

__all__ = [
    'BoxDoGCue',
    'CLIPDegradationPrior',
    'CLIPQualityPerceiver',
    'CLIPSemanticPrior',
    'CompactDegradationEncoder',
    'DINOv2ClassTokens',
    'DarkChannelCue',
    'DepthCue',
    'SegmentationCue',
    'SobelCue',
    'StructurePrior',
]
