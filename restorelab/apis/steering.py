"""How much a restorer does, and against which degradations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from restorelab.models.contracts import Restorer
from restorelab.structures import Condition
from restorelab.utils.options import nearest


@dataclass(frozen=True)
class Steering:
    """What a person asks of a restorer beyond its own judgement.

    Attributes:
        strength: share of the change that is made: 0 gives the input, 1 the full result.
        only: degradations to undo; the others are left as they are. None means all.
        excepted: degradations to leave as they are.
    """

    strength: float = 1.0
    only: Sequence[str] | None = None
    excepted: Sequence[str] = ()

    def check(self, restorer: Restorer) -> None:
        """Raise TypeError or ValueError when ``restorer`` cannot be steered like this."""
        if isinstance(self.strength, bool) or not isinstance(self.strength, int | float):
            raise TypeError(f'strength={self.strength!r}; wanted is a number from 0 to 1')
        if not 0 <= self.strength <= 1:  # a NaN fails here too
            raise ValueError(f'strength={self.strength}; wanted is a number from 0 to 1')
        if self.only is not None and self.excepted:
            raise ValueError('only and excepted (--only, --except) are both given; choose one')
        if self.only is not None:
            _check_names('only', self.only, restorer.kinds)
        if self.excepted:
            _check_names('except', self.excepted, restorer.kinds)

    def steer(self, cond: Condition, kinds: Sequence[str]) -> Condition:
        """``cond`` with strength 0 for each of ``kinds`` that is to be left as it is."""
        left = set(self.excepted)
        if self.only is not None:
            left = set(kinds) - set(self.only)
        vectors = dict(cond.vectors)
        for kind in left:
            vectors[kind] = torch.zeros_like(vectors[kind])
        return replace(cond, vectors=vectors, left=frozenset(left), _memo={})

    def blend(self, lq: Tensor, restored: Tensor) -> Tensor:
        """``lq`` with a share ``strength`` of the change to ``restored``; both (B, 3, H, W)."""
        if self.strength == 1:
            return restored
        return lq + self.strength * (restored - lq)


def _check_names(option: str, names: Sequence[str], kinds: Sequence[str]) -> None:
    if isinstance(names, str):
        raise TypeError(f"{option}='{names}'; wanted is a list of names, such as ['{names}']")
    if not kinds:
        raise ValueError(
            f'{option}={list(names)}: this model does not tell degradations apart; leave it out, '
            "or take a model that does, such as 'house'"
        )
    for name in names:
        if name not in kinds:
            close = f'did you mean {nearest(name, kinds)[0]}? ' if nearest(name, kinds) else ''
            raise ValueError(f"{option}='{name}': {close}this model knows {list(kinds)}")
