"""Check what a user gives as a file or a config."""

import os

from mmengine.config import Config


def check_source(name: str, value: object) -> None:
    """Raise TypeError that names the argument, unless it is a path, a Config or None."""
    if value is None or isinstance(value, str | os.PathLike | Config):
        return
    raise TypeError(f'{name} is {value!r}; wanted is a path, or a Config where one is read')


def check_name(name: str, value: object) -> None:
    """Raise TypeError or ValueError that names the argument, unless it can name a file."""
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f'{name} is {value!r}; wanted is a path')
    if '\0' in os.fspath(value):
        raise ValueError(f'{name} is {os.fspath(value)!r}, which has a zero byte; wanted is a path')
