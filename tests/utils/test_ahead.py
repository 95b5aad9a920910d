"""Items are made in a thread, in their order."""

import threading
import time

import pytest

from restorelab.utils.ahead import ahead


def test_items_come_in_their_order():
    assert list(ahead(range(50), 3)) == list(range(50))


def test_items_are_made_while_others_are_used_but_only_so_many():
    made = []

    def items():
        for index in range(10):
            made.append(index)
            yield index

    iterator = ahead(items(), 3)
    next(iterator)
    deadline = time.monotonic() + 5
    while len(made) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    assert len(made) == 5  # one is used, three wait, and one could not be put there
    iterator.close()


def test_an_error_is_raised_in_its_place():
    def items():
        yield 1
        raise ValueError('of the second')

    iterator = ahead(items(), 2)
    assert next(iterator) == 1
    with pytest.raises(ValueError, match='of the second'):
        next(iterator)


def test_closing_ends_the_thread():
    iterator = ahead(iter(int, 1), 2)  # zeros for ever
    next(iterator)
    iterator.close()
    assert [thread.name for thread in threading.enumerate() if thread.name == 'ahead'] == []
