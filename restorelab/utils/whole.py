"""Check the whole numbers that a user gives."""

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
