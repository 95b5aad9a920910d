from restorelab.models.priors.clip import CLIPDegradationPrior, CLIPSemanticPrior
from restorelab.models.priors.cues import BoxDoGCue, DarkChannelCue, DepthCue, SegmentationCue, SobelCue
from restorelab.models.priors.structure import StructurePrior

__all__ = ['BoxDoGCue', 'CLIPDegradationPrior', 'CLIPSemanticPrior', 'DarkChannelCue', 'DepthCue', 'SegmentationCue',
           'SobelCue', 'StructurePrior']
