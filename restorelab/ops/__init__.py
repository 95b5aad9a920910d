"""Fast forms of layers, one file per trick.

A layer in ``restorelab.models.layers`` states its formula plainly. Where a faster way to the same
numbers exists, the layer asks ``fast_forms()`` and calls the function from here. The tests compare
both forms. ``mmcv_ext`` stands apart: it has the operators of mmcv for MMDetection's networks.
"""

from restorelab.ops.attention_bound import constant_error_bound
from restorelab.ops.channel_attention import attend_channels
from restorelab.ops.choice import fast_forms, plain_forms
from restorelab.ops.film_norm import film_norm
from restorelab.ops.inference_layout import inference_layout
from restorelab.ops.linear_attention import MAX_LOGIT, largest_logit, linear_attention
from restorelab.ops.once_per_weight import once_per_weight
from restorelab.ops.upsample_conv import upsample_conv

__all__ = [
    'MAX_LOGIT',
    'attend_channels',
    'constant_error_bound',
    'fast_forms',
    'film_norm',
    'inference_layout',
    'largest_logit',
    'linear_attention',
    'once_per_weight',
    'plain_forms',
    'upsample_conv',
]
