"""An endless stream of samples."""

from itertools import islice

import numpy as np
import pytest

from restorelab.datasets import BalancedBatchSampler, InfiniteSeededSampler
from restorelab.datasets.samplers import infinite_seeded_sampler as module


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


def test_one_pass_has_every_index_once_and_the_next_comes_in_another_order(as_rank):
    length = len(Degradations.degradations)
    stream = np.array(take(as_rank(0, 1), 2 * length))
    epochs, places = stream // length, stream % length
    assert (epochs == np.repeat([0, 1], length)).all()
    assert sorted(places[:length]) == sorted(places[length:]) == list(range(length))
    assert (places[:length] != places[length:]).any()


def test_without_shuffling_the_order_is_the_data_sets():
    assert take(InfiniteSeededSampler(Degradations(), seed=0, shuffle=False), 60) == list(range(60))


def test_ranks_share_the_stream_without_overlap(as_rank):
    whole = take(as_rank(0, 1), 40)
    ranks = [take(as_rank(rank, 4), 10) for rank in range(4)]
    assert [ranks[n % 4][n // 4] for n in range(40)] == whole


def test_an_empty_data_set_is_refused():
    with pytest.raises(ValueError, match='empty'):
        InfiniteSeededSampler([], seed=0)
