import pytest
import torch
from torch.nn import functional
from torch.utils.data import DataLoader

from restorelab.datasets import BalancedBatchSampler, GlobalBatchSampler, InfiniteSeededSampler
from restorelab.datasets.samplers import infinite_seeded_sampler
from restorelab.engine import joined_draws

JOINED, OWN = 6, 3
PLACES = [range(3), range(3, 6), range(0, 6, 2), range(1, 6, 2)]


def batch(count: int) -> torch.Tensor:
    return torch.zeros(count, 3, 8, 8)


DRAWS = {
    'randn_like': lambda count: torch.randn_like(batch(count)),
    'rand_like': lambda count: torch.rand_like(batch(count)),
    'randint_like': lambda count: torch.randint_like(batch(count), 5),
    'channels last': lambda count: torch.randn_like(
        batch(count).contiguous(memory_format=torch.channels_last)
    ),
    'randn of a tuple': lambda count: torch.randn((count, 3, 8)),
    'randn of numbers': lambda count: torch.randn(count, 3, 8),
    'rand with size=': lambda count: torch.rand(size=(count, 20)),
    'randint': lambda count: torch.randint(1, 1000, (count,)),
    'dropout': lambda count: functional.dropout(batch(count) + 1, 0.3),
    'dropout in place': lambda count: functional.dropout(batch(count) + 1, 0.3, inplace=True),
    'a module': lambda count: torch.nn.Dropout(0.3)(batch(count) + 1),
}


@pytest.mark.parametrize('places', PLACES, ids=str)
@pytest.mark.parametrize('draw', DRAWS.values(), ids=DRAWS)
def test_a_part_of_a_batch_draws_what_it_draws_in_the_whole_one(draw, places):
    torch.manual_seed(0)
    whole = [draw(JOINED) for _ in range(2)]
    torch.manual_seed(0)
    with joined_draws.JoinedDraws(places, JOINED):
        parts = [draw(OWN) for _ in range(2)]
    for part, each in zip(parts, whole, strict=True):
        assert torch.equal(part, each[list(places)])
        assert part.stride() == draw(OWN).stride() or places.step > 1


@pytest.mark.parametrize(
    'draw',
    [
        lambda: torch.randn(4, 2),
        lambda: torch.randn(()),
        lambda: torch.randperm(OWN),
        lambda: torch.randn(OWN, generator=torch.Generator().manual_seed(1)),
        lambda: functional.dropout(batch(OWN) + 1, 0.3, training=False),
    ],
)
def test_other_draws_stay_as_they_are(draw):
    torch.manual_seed(0)
    alone = draw()
    torch.manual_seed(0)
    with joined_draws.JoinedDraws(range(3, 6), JOINED):
        assert torch.equal(draw(), alone)


class Images:
    """A data set whose sample is its index."""

    degradations = ['haze'] * 7 + ['rain'] * 4

    def __len__(self) -> int:
        return len(self.degradations)

    def __getitem__(self, index: int) -> int:
        return index


@pytest.mark.parametrize('kind', [None, BalancedBatchSampler, GlobalBatchSampler])
def test_the_places_are_those_of_the_images_in_the_joined_batch(kind, monkeypatch):
    def loader(rank: int, world_size: int, batch_size: int) -> DataLoader:
        for module in (infinite_seeded_sampler, joined_draws):
            monkeypatch.setattr(module, 'get_dist_info', lambda: (rank, world_size))
        sampler = InfiniteSeededSampler(Images(), seed=0)
        if kind is None:
            return DataLoader(Images(), batch_size, sampler=sampler)
        return DataLoader(Images(), batch_sampler=kind(sampler, batch_size))

    joined = iter(loader(0, 1, 6))
    batches = [next(joined) for _ in range(4)]
    for rank in range(3):
        own = loader(rank, 3, 2)
        places, total = joined_draws.places_of(own)
        assert total == 6
        for whole, part in zip(batches, own, strict=False):
            assert torch.equal(part, whole[list(places)])


def test_ranks_with_parts_of_other_sizes_have_their_places(monkeypatch):
    monkeypatch.setattr(infinite_seeded_sampler, 'get_dist_info', lambda: (1, 2))
    monkeypatch.setattr(joined_draws, 'get_dist_info', lambda: (1, 2))
    sampler = GlobalBatchSampler(InfiniteSeededSampler(Images(), seed=0), 2, rank_sizes=[4, 2])
    loader = DataLoader(Images(), batch_sampler=sampler)
    assert joined_draws.places_of(loader) == (range(4, 6), 6)
