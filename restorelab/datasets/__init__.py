from restorelab.datasets.base import RestorationDataset
from restorelab.datasets.composed_objects import ComposedObjects
from restorelab.datasets.degrade import DEFAULT_KINDS, Degrade
from restorelab.datasets.detection import DetectionDataset
from restorelab.datasets.folds import FoldDataset
from restorelab.datasets.labeled import ClassFolders, LabelMapDataset
from restorelab.datasets.noise_benchmark import NoiseBenchmarkDataset
from restorelab.datasets.on_the_fly import EMBEDDED, OnTheFlyDataset
from restorelab.datasets.paired import MixedDataset, PairedDataset
from restorelab.datasets.recipes import RECIPES, RecipeDataset
from restorelab.datasets.samplers import (
    BalancedBatchSampler,
    GlobalBatchSampler,
    InfiniteSeededSampler,
)
from restorelab.datasets.transforms import (
    BlackFillCrop,
    CenterCrop,
    CenterModCrop,
    ChannelHistEqualize,
    LabelFromBoxes,
    ModCrop,
    PackRestoration,
    PositiveView,
    RandomCrop,
    RandomFlip,
    RandomResize,
    RandomTranspose,
    Resize,
    SemanticFromMasks,
)

__all__ = [
    'DEFAULT_KINDS',
    'EMBEDDED',
    'RECIPES',
    'BalancedBatchSampler',
    'BlackFillCrop',
    'CenterCrop',
    'CenterModCrop',
    'ChannelHistEqualize',
    'ClassFolders',
    'ComposedObjects',
    'Degrade',
    'DetectionDataset',
    'FoldDataset',
    'GlobalBatchSampler',
    'InfiniteSeededSampler',
    'LabelFromBoxes',
    'LabelMapDataset',
    'MixedDataset',
    'ModCrop',
    'NoiseBenchmarkDataset',
    'OnTheFlyDataset',
    'PackRestoration',
    'PairedDataset',
    'PositiveView',
    'RandomCrop',
    'RandomFlip',
    'RandomResize',
    'RandomTranspose',
    'RecipeDataset',
    'Resize',
    'RestorationDataset',
    'SemanticFromMasks',
]
