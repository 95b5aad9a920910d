from restorelab.datasets.base import RestorationDataset
from restorelab.datasets.degrade import DEFAULT_KINDS, Degrade
from restorelab.datasets.on_the_fly import EMBEDDED, OnTheFlyDataset
from restorelab.datasets.paired import PairedDataset, TaskMixDataset
from restorelab.datasets.recipes import RECIPES, RecipeDataset
from restorelab.datasets.samplers import InfiniteSeededSampler, TaskBalancedBatchSampler
from restorelab.datasets.transforms import (
    BlackFillCrop,
    CenterCrop,
    ChannelHistEqualize,
    ModCrop,
    PackRestoration,
    RandomCrop,
    RandomFlip,
    RandomTranspose,
)

__all__ = ['DEFAULT_KINDS', 'EMBEDDED', 'RECIPES', 'BlackFillCrop', 'CenterCrop', 'ChannelHistEqualize', 'Degrade',
           'InfiniteSeededSampler', 'ModCrop', 'OnTheFlyDataset', 'PackRestoration', 'PairedDataset', 'RandomCrop',
           'RandomFlip', 'RandomTranspose', 'RecipeDataset', 'RestorationDataset', 'TaskBalancedBatchSampler',
           'TaskMixDataset']
