from collections import Counter
from itertools import islice

import numpy as np
import pytest

from restorelab.datasets import BalancedBatchSampler, InfiniteSeededSampler
from restorelab.datasets import samplers as module

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


def tasks_of(batch):
    return Counter(
        Degradations.degradations[index % len(Degradations.degradations)] for index in batch
    )


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


def test_every_batch_holds_the_quota(as_rank):
    assert all(tasks_of(batch) == QUOTA for batch in take(as_rank(0, 1, 10, QUOTA), 50))


@pytest.mark.parametrize('world_size', [2, 5, 10])
def test_the_joined_batch_is_the_same_for_any_number_of_ranks(as_rank, world_size):
    whole = take(as_rank(0, 1, 10, QUOTA), 20)
    parts = [
        take(as_rank(rank, world_size, 10 // world_size, QUOTA), 20) for rank in range(world_size)
    ]
    assert [[index for part in parts for index in part[n]] for n in range(20)] == whole


def test_each_task_comes_in_shuffled_passes_of_its_own(as_rank):
    length = len(Degradations.degradations)
    stream = [index for batch in take(as_rank(0, 1, 10, QUOTA), 46) for index in batch]
    haze = [index for index in stream if Degradations.degradations[index % length] == 'haze']
    passes = [
        [index % length for index in haze[start : start + 23]] for start in range(0, 4 * 46, 23)
    ]
    assert all(sorted(one) == list(range(23)) for one in passes)
    assert len({tuple(one) for one in passes}) == len(passes)
    assert [index // length for index in haze] == [n // 23 for n in range(len(haze))]


def test_without_quota_all_tasks_are_dealt_in_turn_whatever_the_batch_size(as_rank):
    batches = take(as_rank(0, 1, 4), 10)
    assert tasks_of([index for batch in batches for index in batch]) == dict.fromkeys(QUOTA, 8)
    assert all(max(tasks_of(batch).values()) == 1 for batch in batches)


def test_a_quota_may_leave_tasks_out(as_rank):
    assert tasks_of(take(as_rank(0, 1, 3, dict(rain=1)), 1)[0]) == dict(rain=3)


@pytest.mark.parametrize(
    ('quota', 'message'),
    [
        (dict(haze=9, moire=1), "'moire'"),
        (dict(haze=4), 'makes 4 images, but 1 rank'),
        (dict(haze=10, rain=0), 'whole number'),
    ],
)
def test_a_wrong_quota_is_refused(as_rank, quota, message):
    with pytest.raises(ValueError, match=message):
        as_rank(0, 1, 10, quota)


def test_an_empty_data_set_is_refused():
    with pytest.raises(ValueError, match='empty'):
        InfiniteSeededSampler([], seed=0)


def test_lengths_are_those_of_one_pass(as_rank):
    assert len(as_rank(0, 3)) == 18
    assert len(as_rank(0, 2, 10, QUOTA)) == 3
