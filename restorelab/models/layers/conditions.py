"""How a part reads a condition of whatever kind: vectors, tokens or maps."""

from collections.abc import Mapping

from torch import Tensor

from restorelab.structures import Condition
from restorelab.utils.picture_statistics import over_picture

KINDS = ('vectors', 'tokens', 'maps')


def full_name(name: str, kind: str) -> str:
    """``semantic`` is ``tokens.semantic`` for a part that reads ``tokens``; full names stay.

    Raises: ValueError for a name with a dot whose first word is no kind of condition.
    """
    first, dot, _ = name.partition('.')
    if dot and first not in KINDS:
        raise ValueError(
            f"the condition '{name}' begins with none of {list(KINDS)}; call it "
            f"'{kind}.{first}' or the like"
        )
    return name if dot else f'{kind}.{name}'


def width_of(name: str, widths: Mapping[str, int]) -> int:
    """The width of the condition ``name``; 1 where there is none, which the restorer reports."""
    return widths.get(name, 1)


def check_no_map(who: str, name: str) -> None:
    """Raise ValueError when the part ``who``, which reads tokens, is to read a map."""
    if name.startswith('maps.'):
        raise ValueError(
            f"{who} reads tokens or vectors, not '{name}'; maps enter by MapGate, or by "
            'FiLM, which averages them'
        )


def as_vector(cond: Condition, name: str) -> Tensor:
    """The condition of the full ``name`` as (B, D): tokens and maps are averaged."""
    kind, _, short = name.partition('.')
    if kind == 'vectors':
        return cond.vector(short)
    if kind == 'tokens':
        return cond.token(short).mean(dim=1)
    return over_picture('mean', cond.map(short).mean(dim=(2, 3)))


def as_tokens(cond: Condition, name: str) -> Tensor:
    """The condition of the full ``name`` as (B, M, D): a vector is a single token."""
    kind, _, short = name.partition('.')
    return cond.vector(short)[:, None] if kind == 'vectors' else cond.token(short)
