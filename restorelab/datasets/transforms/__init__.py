"""Transforms of a sample: dict in, dict out, one in each file.

A sample holds ``lq`` and ``gt`` (uint8, (H, W, 3), RGB; either may be absent), ``degradation``,
``key``, ``path``, ``ori_shape`` and ``rng``, from which all random numbers are drawn. A transform
that moves pixels treats ``lq`` and ``gt`` alike and moves the annotations, too: see
``restorelab.datasets.geometry``.
"""

from restorelab.datasets.transforms.black_fill_crop import BlackFillCrop
from restorelab.datasets.transforms.center_crop import CenterCrop
from restorelab.datasets.transforms.center_mod_crop import CenterModCrop
from restorelab.datasets.transforms.channel_hist_equalize import ChannelHistEqualize
from restorelab.datasets.transforms.degrade import DEFAULT_KINDS, Degrade
from restorelab.datasets.transforms.degrade_in_order import DegradeInOrder
from restorelab.datasets.transforms.label_from_boxes import LabelFromBoxes
from restorelab.datasets.transforms.made_picture import MadePicture
from restorelab.datasets.transforms.mod_crop import ModCrop
from restorelab.datasets.transforms.pack_restoration import PackRestoration
from restorelab.datasets.transforms.positive_view import PositiveView
from restorelab.datasets.transforms.random_crop import RandomCrop
from restorelab.datasets.transforms.random_flip import RandomFlip
from restorelab.datasets.transforms.random_resize import RandomResize
from restorelab.datasets.transforms.random_transpose import RandomTranspose
from restorelab.datasets.transforms.resize import Resize
from restorelab.datasets.transforms.semantic_from_masks import SemanticFromMasks

__all__ = [
    'DEFAULT_KINDS',
    'BlackFillCrop',
    'CenterCrop',
    'CenterModCrop',
    'ChannelHistEqualize',
    'Degrade',
    'DegradeInOrder',
    'LabelFromBoxes',
    'MadePicture',
    'ModCrop',
    'PackRestoration',
    'PositiveView',
    'RandomCrop',
    'RandomFlip',
    'RandomResize',
    'RandomTranspose',
    'Resize',
    'SemanticFromMasks',
]
