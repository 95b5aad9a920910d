"""Endless, seeded samplers that can start anywhere in their stream.

They give ``epoch * len(dataset) + index``. The epoch is part of the index, so a data set draws anew
in each pass and shares no state with its workers. What comes depends only on the seed and the place
in the stream: the joined batch is the same for any number of ranks.
"""

from restorelab.datasets.samplers.balanced_batch_sampler import BalancedBatchSampler
from restorelab.datasets.samplers.global_batch_sampler import GlobalBatchSampler
from restorelab.datasets.samplers.infinite_seeded_sampler import InfiniteSeededSampler

__all__ = ['BalancedBatchSampler', 'GlobalBatchSampler', 'InfiniteSeededSampler']
