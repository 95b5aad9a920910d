"""Structure cues: maps of one channel of a degraded image, (B, 3, H, W) -> (B, 1, h, w).

Each is a prior of its own, which provides one map, and a part of ``StructurePrior``.
"""

from restorelab.models.priors.cues.box_dog_cue import BoxDoGCue, box_dog
from restorelab.models.priors.cues.dark_channel_cue import DarkChannelCue, dark_channel
from restorelab.models.priors.cues.depth_cue import DepthCue, unit_range
from restorelab.models.priors.cues.segmentation_cue import SegmentationCue, class_id_map
from restorelab.models.priors.cues.sobel_cue import SobelCue, sobel_magnitude

__all__ = [
    'BoxDoGCue',
    'DarkChannelCue',
    'DepthCue',
    'SegmentationCue',
    'SobelCue',
    'box_dog',
    'class_id_map',
    'dark_channel',
    'sobel_magnitude',
    'unit_range',
]
