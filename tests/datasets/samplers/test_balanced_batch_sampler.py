"""Batches with a fixed share of each degradation."""

from collections import Counter
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


def degradations_of(batch):
    return Counter(
        Degradations.degradations[index % len(Degradations.degradations)] for index in batch
    )


def test_every_batch_holds_the_quota(as_rank):
    assert all(degradations_of(batch) == QUOTA for batch in take(as_rank(0, 1, 10, QUOTA), 50))


@pytest.mark.parametrize('world_size', [2, 5, 10])
def test_the_joined_batch_is_the_same_for_any_number_of_ranks(as_rank, world_size):
    whole = take(as_rank(0, 1, 10, QUOTA), 20)
    parts = [
        take(as_rank(rank, world_size, 10 // world_size, QUOTA), 20) for rank in range(world_size)
    ]
    assert [[index for part in parts for index in part[n]] for n in range(20)] == whole


def test_each_degradation_comes_in_shuffled_passes_of_its_own(as_rank):
    length = len(Degradations.degradations)
    stream = [index for batch in take(as_rank(0, 1, 10, QUOTA), 46) for index in batch]
    haze = [index for index in stream if Degradations.degradations[index % length] == 'haze']
    passes = [
        [index % length for index in haze[start : start + 23]] for start in range(0, 4 * 46, 23)
    ]
    assert all(sorted(one) == list(range(23)) for one in passes)
    assert len({tuple(one) for one in passes}) == len(passes)
    assert [index // length for index in haze] == [n // 23 for n in range(len(haze))]


def test_without_quota_all_degradations_are_dealt_in_turn_whatever_the_batch_size(as_rank):
    batches = take(as_rank(0, 1, 4), 10)
    assert degradations_of([index for batch in batches for index in batch]) == dict.fromkeys(
        QUOTA, 8
    )
    assert all(max(degradations_of(batch).values()) == 1 for batch in batches)


def test_a_quota_may_leave_degradations_out(as_rank):
    assert degradations_of(take(as_rank(0, 1, 3, dict(rain=1)), 1)[0]) == dict(rain=3)


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


class Tasks:
    """Three data sets for tasks, one behind the other."""

    tasks = ['ir'] * 5 + ['cls'] * 9 + ['seg'] * 3

    def __len__(self):
        return len(self.tasks)


def test_tasks_can_be_balanced():
    sampler = InfiniteSeededSampler(Tasks(), seed=0)
    batches = take(BalancedBatchSampler(sampler, 4, dict(ir=1, cls=1, seg=2), key='task'), count=10)
    for batch in batches:
        tasks = [Tasks.tasks[index % len(Tasks.tasks)] for index in batch]
        assert Counter(tasks) == dict(ir=1, cls=1, seg=2)


def test_images_without_a_task_cannot_be_balanced_by_task(monkeypatch):
    monkeypatch.setattr(Tasks, 'tasks', ['ir', None])
    with pytest.raises(ValueError, match='some images have no task; give each data set its `task`'):
        BalancedBatchSampler(InfiniteSeededSampler(Tasks(), seed=0), 2, key='task')


def test_another_key_is_refused():
    with pytest.raises(ValueError, match="key='label'; it balances 'degradation' or 'task'"):
        BalancedBatchSampler(InfiniteSeededSampler(Tasks(), seed=0), 2, key='label')
