"""Joined batches."""

from types import SimpleNamespace

import pytest

from restorelab.datasets import (
    GlobalBatchSampler,
)


def test_joined_batches_of_unequal_ranks_share_nothing():
    ranks = [
        SimpleNamespace(dataset=range(10), seed=1, rank=rank, world_size=2) for rank in range(2)
    ]
    streams = [
        iter(GlobalBatchSampler(rank, size, rank_sizes=[2, 3]))
        for rank, size in zip(ranks, (2, 3), strict=True)
    ]
    drawn = [index for _ in range(2) for stream in streams for index in next(stream)]
    assert sorted(drawn) == list(range(10))


def test_sizes_that_do_not_fit_the_ranks_are_refused():
    with pytest.raises(ValueError, match='wanted is one for each of 1 rank'):
        GlobalBatchSampler(
            SimpleNamespace(dataset=range(10), seed=1, rank=0, world_size=1), 2, [2, 3]
        )
