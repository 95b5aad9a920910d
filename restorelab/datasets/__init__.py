from restorelab.datasets.base import RestorationDataset
from restorelab.datasets.class_folders import ClassFolders
from restorelab.datasets.composed_objects import ComposedObjects
from restorelab.datasets.detection_dataset import DetectionDataset
from restorelab.datasets.embedded import EMBEDDED
from restorelab.datasets.fold_dataset import FoldDataset
from restorelab.datasets.label_map_dataset import LabelMapDataset
from restorelab.datasets.mixed_dataset import MixedDataset
from restorelab.datasets.noise_benchmark_dataset import NoiseBenchmarkDataset
from restorelab.datasets.on_the_fly_dataset import OnTheFlyDataset
from restorelab.datasets.paired_dataset import PairedDataset
from restorelab.datasets.recipe_dataset import RecipeDataset
from restorelab.datasets.recipes import RECIPES
from restorelab.datasets.samplers import (
    BalancedBatchSampler,
    GlobalBatchSampler,
    InfiniteSeededSampler,
)
from restorelab.datasets.transforms import (
    DEFAULT_KINDS,
    BlackFillCrop,
    CenterCrop,
    CenterModCrop,
    ChannelHistEqualize,
    Degrade,
    DegradeInOrder,
    LabelFromBoxes,
    MadePicture,
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
    'DegradeInOrder',
    'DetectionDataset',
    'FoldDataset',
    'GlobalBatchSampler',
    'InfiniteSeededSampler',
    'LabelFromBoxes',
    'LabelMapDataset',
    'MadePicture',
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
