"""Endless, seeded samplers that can be set to any place of their stream.

They give ``epoch * len(dataset) + index``: the epoch travels in the index, so that a data set draws anew on each pass
without sharing state with its workers. What comes is a function of the seed and the place alone, the same joined batch
whatever the number of ranks.
"""

from collections.abc import Iterator, Sized

import numpy as np
import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from restorelab.registry import DATA_SAMPLERS


class Deck:
    """Draws from a list of indices in shuffled passes: draw n is in pass ``n // len``, each pass has its own order.

    Args:
        indices: what is drawn.  total: length of the data set, by which a pass shifts its indices.
        seed: integers; decks of different seeds are shuffled independently.
        shuffle: False keeps the list's order.
    """

    def __init__(self, indices: list[int], total: int, seed: tuple[int, ...], shuffle: bool = True):
        self.indices, self.total, self.seed, self.shuffle = (
            np.asarray(indices),
            total,
            seed,
            shuffle,
        )
        self._order = (-1, self.indices)  # of the pass drawn from last

    def __getitem__(self, draw: int) -> int:
        epoch, place = divmod(draw, len(self.indices))
        if self.shuffle and self._order[0] != epoch:
            self._order = (
                epoch,
                np.random.default_rng([*self.seed, epoch]).permutation(self.indices),
            )
        return epoch * self.total + int(self._order[1][place])


@DATA_SAMPLERS.register_module()
class InfiniteSeededSampler(Sampler):
    """Every index once a pass, in a new order each pass; rank r of w takes draws r, r + w, r + 2 w, ...

    Args:
        dataset: anything with a length.  seed: None shares a random one between the ranks.
        shuffle: False goes through the data set in order.
    """

    def __init__(self, dataset: Sized, seed: int | None = None, shuffle: bool = True):
        if not len(dataset):
            raise ValueError('the data set is empty; an endless sampler needs at least one sample')
        self.dataset, self.shuffle = dataset, shuffle
        self.rank, self.world_size = get_dist_info()
        self.seed = sync_random_seed() if seed is None else seed
        self.start = 0

    def seek(self, num_samples: int) -> None:
        """The next iteration begins after this many samples of this rank."""
        self.start = num_samples

    def __iter__(self) -> Iterator[int]:
        deck = Deck(range(len(self.dataset)), len(self.dataset), (self.seed,), self.shuffle)
        draw = self.start * self.world_size + self.rank
        while True:
            yield deck[draw]
            draw += self.world_size

    def __len__(self) -> int:
        """Samples of this rank in one pass, rounded up."""
        return -(-len(self.dataset) // self.world_size)


@DATA_SAMPLERS.register_module()
class BalancedBatchSampler(Sampler):
    """Batches with a fixed share of each degradation, or of each task; each comes in shuffled passes of its own.

    The names are dealt in a fixed cycle along the joined batch of all ranks (rank 0's part first). So a joined batch
    of as many images as the cycle, or a multiple, holds each name in exactly its share. Without a quota other sizes
    are allowed, and the cycle continues in the next batch.

    Args:
        sampler: its data set, seed, rank and world size are used; its order is not.
        batch_size: images per rank.
        key: what is balanced: ``degradation`` or ``task``.
        quota: images of each in a cycle, such as ``dict(haze=4, lowlight=1, rain=2, snow=2, blur=1)``; None means one
            of each that the data set has.
    Raises: ValueError for another key, for a data set without tasks, and when the quota names what has no images or
        does not divide the joined batch.
    """

    def __init__(
        self,
        sampler: Sampler,
        batch_size: int,
        quota: dict[str, int] | None = None,
        key: str = 'degradation',
    ):
        labels = self._labels(sampler.dataset, key)
        known = sorted(set(labels))
        self.quota = dict.fromkeys(known, 1) if quota is None else dict(quota)
        self.batch_size, self.rank, self.world_size = batch_size, sampler.rank, sampler.world_size
        self._validate(key, known, exact=quota is not None)
        self.total = len(labels)
        self.slots = [
            (name, number) for name, count in self.quota.items() for number in range(count)
        ]
        self.decks = {}
        for name in self.quota:
            places = np.flatnonzero(np.asarray(labels) == name)
            self.decks[name] = Deck(places, self.total, (sampler.seed, known.index(name)))
        self.start = 0

    def seek(self, num_batches: int) -> None:
        """The next iteration begins after this many batches."""
        self.start = num_batches

    @staticmethod
    def _labels(dataset, key: str) -> list[str]:
        """The degradation, or the task, of each index."""
        if key not in ('degradation', 'task'):
            raise ValueError(
                f"BalancedBatchSampler: key='{key}'; it balances 'degradation' or 'task'"
            )
        if key == 'degradation':
            return dataset.degradations
        if None in dataset.tasks:
            raise ValueError(
                "BalancedBatchSampler: key='task', but some images have no task; give each data set its "
                '`task`'
            )
        return dataset.tasks

    def _validate(self, key: str, known: list[str], exact: bool) -> None:
        if stray := sorted(set(self.quota) - set(known)):
            raise ValueError(
                f'quota names the {key}s {stray}, of which the data set has no image; it has {known}'
            )
        if any(not isinstance(count, int) or count < 1 for count in self.quota.values()):
            raise ValueError(
                f'quota {self.quota}: the number of images of a {key} is a whole number, at least 1'
            )
        cycle, joined = sum(self.quota.values()), self.batch_size * self.world_size
        if exact and joined % cycle:
            raise ValueError(
                f'quota {self.quota} makes {cycle} images, but {self.world_size} rank(s) of batch_size '
                f'{self.batch_size} make {joined}; take a multiple of {cycle}'
            )

    def _draw(self, place: int) -> int:
        """The index at a place of the joined stream."""
        cycles, slot = divmod(place, len(self.slots))
        name, number = self.slots[slot]
        return self.decks[name][cycles * self.quota[name] + number]

    def __iter__(self) -> Iterator[list[int]]:
        batch = self.start
        while True:
            first = (batch * self.world_size + self.rank) * self.batch_size
            yield [self._draw(place) for place in range(first, first + self.batch_size)]
            batch += 1

    def __len__(self) -> int:
        """Batches that show as many images as the data set has, rounded up; the stream itself is endless."""
        return -(-self.total // (self.batch_size * self.world_size))


@DATA_SAMPLERS.register_module()
class GlobalBatchSampler(Sampler):
    """Whole joined batches out of a shuffled pass, of which each rank takes its part, larger or smaller.

    Pass e has torch's ``randperm`` of seed ``seed + e``, continued from its beginning to whole batches, so the order is
    that of Perceive-IR's release. Ranks of different batch sizes need their losses scaled by
    world size * own batch / joined batch, to undo the plain mean over ranks.

    Args:
        sampler: its data set, seed and rank are used; its order is not.
        batch_size: images of this rank.  rank_sizes: those of every rank; ``batch_size`` for each when None.
    Raises: ValueError when ``rank_sizes`` does not fit the ranks.
    """

    def __init__(self, sampler: Sampler, batch_size: int, rank_sizes: list[int] | None = None):
        sizes = [batch_size] * sampler.world_size if rank_sizes is None else list(rank_sizes)
        if len(sizes) != sampler.world_size or sizes[sampler.rank] != batch_size:
            raise ValueError(
                f'rank_sizes={rank_sizes}: wanted is one for each of {sampler.world_size} rank(s), and '
                f'{batch_size}, the batch_size, for rank {sampler.rank}'
            )
        self.batch_size, self.seed, self.total = batch_size, sampler.seed, len(sampler.dataset)
        self.joined, self.first = sum(sizes), sum(sizes[: sampler.rank])
        self.start = 0

    def seek(self, num_batches: int) -> None:
        """The next iteration begins after this many batches."""
        self.start = num_batches

    def order(self, epoch: int) -> list[int]:
        """All indices of one pass, in whole joined batches."""
        shuffled = torch.randperm(
            self.total, generator=torch.Generator().manual_seed(self.seed + epoch)
        ).tolist()
        return [shuffled[place % self.total] for place in range(len(self) * self.joined)]

    def __iter__(self) -> Iterator[list[int]]:
        epoch, batch = divmod(self.start, len(self))
        while True:
            order = self.order(epoch)
            for number in range(batch, len(self)):
                own = number * self.joined + self.first
                yield [epoch * self.total + index for index in order[own : own + self.batch_size]]
            epoch, batch = epoch + 1, 0

    def __len__(self) -> int:
        """Batches of one pass."""
        return -(-self.total // self.joined)
