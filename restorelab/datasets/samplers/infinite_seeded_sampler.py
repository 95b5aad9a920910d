"""An endless, shuffled stream of single samples."""

from collections.abc import Iterator, Sized

from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from restorelab.datasets.samplers.deck import Deck
from restorelab.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class InfiniteSeededSampler(Sampler):
    """Every index once per pass, in a new order each pass.

    Rank r of w takes the draws r, r + w, r + 2 w, and so on.

    Args:
        dataset: anything with a length.
        seed: None takes a random one, the same for all ranks.
        shuffle: False goes through the data set in order.
    Raises: ValueError for an empty data set.
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
