"""Batches with a fixed share of each degradation or task."""

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler

from restorelab.datasets.samplers.deck import Deck
from restorelab.datasets.transforms.degrade import DEFAULT_KINDS
from restorelab.registry import DATA_SAMPLERS
from restorelab.utils.options import checked_by, is_slip, nearest

NAMES = (*DEFAULT_KINDS, 'ir', 'det', 'cls', 'seg')


def check_quota(options: dict) -> None:
    """Raise KeyError for a name in a quota that was most likely meant to be a known one.

    The sampler itself, which has the data set, refuses every name without images.
    """
    for name in options.get('quota') or {}:
        if is_slip(name, NAMES):
            raise KeyError(f"quota names '{name}'; did you mean {nearest(name, NAMES)[0]}?")


@DATA_SAMPLERS.register_module()
@checked_by(check_quota)
class BalancedBatchSampler(Sampler):
    """Batches with a fixed share of each degradation, or of each task.

    The images of each come in shuffled passes of their own. The names are dealt in a fixed cycle
    along the joined batch of all ranks, rank 0's part first. A joined batch of as many images as
    the cycle, or of a multiple, so holds each name in exactly its share. Without a quota other
    sizes are allowed, and the cycle continues in the next batch.

    Args:
        sampler: its data set, seed, rank and world size are used; its order is not.
        batch_size: images per rank.
        quota: images of each name in a cycle, such as ``dict(haze=4, lowlight=1, rain=2)``. None
            means one of each that the data set has.
        key: what is balanced: ``degradation`` or ``task``.
    Raises: ValueError for another key, for images without a task, for a quota that names what has
        no images, and for one that does not divide the joined batch.
    """

    def __init__(
        self,
        sampler: Sampler,
        batch_size: int,
        quota: dict[str, int] | None = None,
        key: str = 'degradation',
    ):
        labels = _labels(sampler.dataset, key)
        known = sorted(set(labels))
        self.quota = dict.fromkeys(known, 1) if quota is None else dict(quota)
        self.batch_size, self.rank, self.world_size = batch_size, sampler.rank, sampler.world_size
        self._validate(key, known, must_divide=quota is not None)
        self.total = len(labels)
        self.slots: list[tuple[str, int]] = []  # one cycle: name, and its number in the cycle
        self.decks: dict[str, Deck] = {}
        for name, count in self.quota.items():
            self.slots += [(name, number) for number in range(count)]
            places = np.flatnonzero(np.asarray(labels) == name)
            self.decks[name] = Deck(places, self.total, (sampler.seed, known.index(name)))
        self.start = 0

    def _validate(self, key: str, known: list[str], must_divide: bool) -> None:
        unknown = sorted(set(self.quota) - set(known))
        if unknown:
            raise ValueError(
                f'quota names the {key}s {unknown}, of which the data set has no image; it has '
                f'{known}'
            )
        if any(not isinstance(count, int) or count < 1 for count in self.quota.values()):
            raise ValueError(
                f'quota {self.quota}: the number of images of a {key} is a whole number, at least 1'
            )
        cycle, joined = sum(self.quota.values()), self.batch_size * self.world_size
        if must_divide and joined % cycle:
            raise ValueError(
                f'quota {self.quota} makes {cycle} images, but {self.world_size} rank(s) of '
                f'batch_size {self.batch_size} make {joined}; take a multiple of {cycle}'
            )

    def seek(self, num_batches: int) -> None:
        """The next iteration begins after this many batches."""
        self.start = num_batches

    def place_in_joined(self) -> tuple[int, int]:
        """Where a batch begins in the joined batch, and the images of that."""
        return self.rank * self.batch_size, self.world_size * self.batch_size

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
        """Batches with as many images as the data set has, rounded up; the stream is endless."""
        return -(-self.total // (self.batch_size * self.world_size))


def _labels(dataset, key: str) -> list[str]:
    """The degradation, or the task, of each index."""
    if key == 'degradation':
        return dataset.degradations
    if key != 'task':
        raise ValueError(f"BalancedBatchSampler: key='{key}'; it balances 'degradation' or 'task'")
    if None in dataset.tasks:
        raise ValueError(
            "BalancedBatchSampler: key='task', but some images have no task; give each data set "
            'its `task`'
        )
    return dataset.tasks
