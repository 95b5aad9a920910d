"""What both endless samplers promise."""

from itertools import islice

import pytest

from restorelab.datasets import BalancedBatchSampler, InfiniteSeededSampler
from restorelab.datasets.samplers import infinite_seeded_sampler as module

QUOTA = dict(haze=4, lowlight=1, rain=2, snow=2, blur=1)  # DiffUIR's


class Degradations:
    """A data set of nothing but degradations: few of one, many of another."""

    degradations = ['haze'] * 23 + ['lowlight'] * 2 + ['rain'] * 9 + ['snow'] * 11 + ['blur'] * 7

    def __len__(self):
        return len(self.degradations)


@pytest.fixture
def as_rank(monkeypatch):
    """Build samplers as rank r of w would."""

    def build(rank, world_size, batch_size=None, quota=None, seed=0):
        monkeypatch.setattr(module, 'get_dist_info', lambda: (rank, world_size))
        sampler = InfiniteSeededSampler(Degradations(), seed=seed)
        return sampler if batch_size is None else BalancedBatchSampler(sampler, batch_size, quota)

    return build


def take(sampler, count):
    return list(islice(sampler, count))


@pytest.mark.parametrize('batch_size', [None, 7, 10])
@pytest.mark.parametrize('count', [1, 33, 1000])
def test_seeking_equals_skipping(as_rank, batch_size, count):
    skipped = take(as_rank(1, 2, batch_size), count + 5)[count:]
    sought = as_rank(1, 2, batch_size)
    sought.seek(count)
    assert take(sought, 5) == skipped


@pytest.mark.parametrize('batch_size', [None, 10])
def test_a_stream_is_fixed_by_its_seed(as_rank, batch_size):
    streams = [take(as_rank(0, 1, batch_size, seed=seed), 20) for seed in (0, 0, 1)]
    assert streams[0] == streams[1] != streams[2]


def test_lengths_are_those_of_one_pass(as_rank):
    assert len(as_rank(0, 3)) == 18
    assert len(as_rank(0, 2, 10, QUOTA)) == 3
