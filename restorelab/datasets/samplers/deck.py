"""Shuffled passes over a list of indices."""

import numpy as np


class Deck:
    """Draws from a list of indices, pass after pass; each pass has its own order.

    Draw number n is in pass ``n // len(indices)``.

    Args:
        indices: what is drawn.
        total: length of the data set; a pass shifts its indices by it.
        seed: integers; decks with different seeds are shuffled independently.
        shuffle: False keeps the list's order.
    """

    def __init__(self, indices: list[int], total: int, seed: tuple[int, ...], shuffle: bool = True):
        self.indices = np.asarray(indices)
        self.total, self.seed, self.shuffle = total, seed, shuffle
        self._epoch, self._order = -1, self.indices  # of the last draw

    def __getitem__(self, draw: int) -> int:
        epoch, place = divmod(draw, len(self.indices))
        if self.shuffle and self._epoch != epoch:
            rng = np.random.default_rng([*self.seed, epoch])
            self._epoch, self._order = epoch, rng.permutation(self.indices)
        return epoch * self.total + int(self._order[place])
