"""Make items in a thread while earlier ones are used."""

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar('Item')
_WAIT = 0.1  # seconds until the thread looks again whether anybody still wants its items


def ahead(items: Iterable[Item], size: int) -> Iterator[Item]:
    """The items in their order, up to ``size`` of them made in advance, in a thread of their own.

    An error that making one raises is raised here, in its place. When this iterator is closed, the
    thread has ended.
    """
    made: queue.Queue = queue.Queue(size)
    is_closed = threading.Event()

    def put(item: Item | None, error: BaseException | None, is_last: bool) -> None:
        while not is_closed.is_set():
            try:
                made.put((item, error, is_last), timeout=_WAIT)
                return
            except queue.Full:
                continue

    def make() -> None:
        try:
            for item in items:
                put(item, None, False)
                if is_closed.is_set():
                    return
        except BaseException as error:
            put(None, error, True)
        else:
            put(None, None, True)

    thread = threading.Thread(target=make, name='ahead', daemon=True)
    thread.start()
    try:
        while True:
            item, error, is_last = made.get()
            if error is not None:
                raise error
            if is_last:
                return
            yield item
    finally:
        is_closed.set()
        thread.join()
