"""The one place that decides whether layers compute their plain or their fast forms."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_FAST: ContextVar[bool] = ContextVar('fast_forms', default=True)


def fast_forms() -> bool:
    """Whether layers use the functions of ``restorelab.ops``: yes, except in ``plain_forms``."""
    return _FAST.get()


@contextmanager
def plain_forms() -> Iterator[None]:
    """Inside the block, layers compute what their ``forward`` spells out, in this thread."""
    token = _FAST.set(False)
    try:
        yield
    finally:
        _FAST.reset(token)
