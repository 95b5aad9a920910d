from restorelab.datasets.degrade import DEFAULT_KINDS, Degrade
from restorelab.datasets.on_the_fly import EMBEDDED, OnTheFlyDataset
from restorelab.datasets.samplers import InfiniteSeededSampler, TaskBalancedBatchSampler
from restorelab.datasets.transforms import (CenterCrop, ChannelHistEqualize, ModCrop, PackRestoration, RandomCrop,
                                            RandomFlip, RandomTranspose)

__all__ = ['DEFAULT_KINDS', 'EMBEDDED', 'CenterCrop', 'ChannelHistEqualize', 'Degrade', 'InfiniteSeededSampler',
           'ModCrop', 'OnTheFlyDataset', 'PackRestoration', 'RandomCrop', 'RandomFlip', 'RandomTranspose',
           'TaskBalancedBatchSampler']
