"""Joined batches of which each rank takes its part."""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler

from restorelab.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class GlobalBatchSampler(Sampler):
    """Whole joined batches from a shuffled pass; the parts of the ranks may differ in size.

    Pass e is torch's ``randperm`` with seed ``seed + e``, filled up from its beginning to whole
    batches. This is the order of Perceive-IR's release. With unequal batch sizes, multiply the loss
    of a rank by world size * own batch / joined batch, to undo the plain mean over ranks.

    Args:
        sampler: its data set, seed and rank are used; its order is not.
        batch_size: images of this rank.
        rank_sizes: images of every rank; ``batch_size`` for each when None.
    Raises: ValueError when ``rank_sizes`` does not fit the ranks.
    """

    def __init__(self, sampler: Sampler, batch_size: int, rank_sizes: list[int] | None = None):
        sizes = [batch_size] * sampler.world_size if rank_sizes is None else list(rank_sizes)
        if len(sizes) != sampler.world_size or sizes[sampler.rank] != batch_size:
            raise ValueError(
                f'rank_sizes={rank_sizes}: wanted is one for each of {sampler.world_size} rank(s), '
                f'and {batch_size}, the batch_size, for rank {sampler.rank}'
            )
        self.batch_size, self.seed, self.total = batch_size, sampler.seed, len(sampler.dataset)
        self.joined, self.first = sum(sizes), sum(sizes[: sampler.rank])
        self.start = 0

    def seek(self, num_batches: int) -> None:
        """The next iteration begins after this many batches."""
        self.start = num_batches

    def place_in_joined(self) -> tuple[int, int]:
        """Where a batch begins in the joined batch, and the images of that."""
        return self.first, self.joined

    def order(self, epoch: int) -> list[int]:
        """All indices of one pass, in whole joined batches."""
        generator = torch.Generator().manual_seed(self.seed + epoch)
        shuffled = torch.randperm(self.total, generator=generator).tolist()
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
