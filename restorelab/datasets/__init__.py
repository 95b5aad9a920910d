from restorelab.datasets.base import RestorationDataset
from restorelab.datasets.composed_objects import ComposedObjects
from restorelab.datasets.degrade import DEFAULT_KINDS, Degrade
from restorelab.datasets.detection import DetectionDataset
from restorelab.datasets.on_the_fly import EMBEDDED, OnTheFlyDataset
from restorelab.datasets.paired import PairedDataset, TaskMixDataset
from restorelab.datasets.recipes import RECIPES, RecipeDataset
from restorelab.datasets.samplers import InfiniteSeededSampler, TaskBalancedBatchSampler
from restorelab.datasets.transforms import (
    BlackFillCrop,
    CenterCrop,
    ChannelHistEqualize,
    LabelFromBoxes,
    ModCrop,
    PackRestoration,
    RandomCrop,
    RandomFlip,
    RandomResize,
    RandomTranspose,
    Resize,
    Route,
    SemanticFromMasks,
)

__all__ = ['DEFAULT_KINDS', 'EMBEDDED', 'RECIPES', 'BlackFillCrop', 'CenterCrop', 'ChannelHistEqualize',
           'ComposedObjects', 'Degrade', 'DetectionDataset', 'InfiniteSeededSampler', 'LabelFromBoxes', 'ModCrop',
           'OnTheFlyDataset', 'PackRestoration', 'PairedDataset', 'RandomCrop', 'RandomFlip', 'RandomResize',
           'RandomTranspose', 'RecipeDataset', 'Resize', 'RestorationDataset', 'Route', 'SemanticFromMasks',
           'TaskBalancedBatchSampler', 'TaskMixDataset']
