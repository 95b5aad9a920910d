"""Check the whole numbers that a user gives."""

from collections.abc import Callable
from numbers import Integral


def check_whole(name: str, value: object, least: int = 1) -> None:
    """Raise TypeError for no whole number, ValueError for one below ``least``; both name it."""
    check_is_whole(name, value, f' from {least}')
    if value < least:
        raise ValueError(f'{name} is {value!r}; it must be a whole number from {least}')


def check_is_whole(name: str, value: object, bound: str = '') -> None:
    """Raise TypeError for no whole number.  bound: said behind what is wanted."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f'{name} is {value!r}; it must be a whole number{bound}')


def whole_options(part: str, *names: str) -> Callable[[dict], None]:
    """A check for ``checked_by``: these options of ``part`` are whole numbers from 1."""

    def check(options: dict) -> None:
        for name in names:
            if name in options:
                check_whole(f'{name} of {part}', options[name])

    return check
