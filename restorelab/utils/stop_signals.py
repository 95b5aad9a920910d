"""SIGTERM and Ctrl-C end a run at a good moment."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess

SIGNALS = (signal.SIGTERM, signal.SIGINT)
SAME_SIGNAL = 1.0  # seconds; launchers signal a whole group of processes and pass theirs on, too


class StoppedBySignal(SystemExit):
    """Ends the process with the exit code of shells: 143 for SIGTERM, 130 for Ctrl-C.

    Attributes:
        name: ``SIGTERM`` or ``SIGINT``.
    """

    def __init__(self, received: signal.Signals):
        super().__init__(128 + received)
        self.name = received.name


class StopSignals:
    """What has been received since ``stop_signals`` began.

    Attributes:
        received: the first signal, or None.
        deferred: whether a signal is only noted here, for code that asks for it. Otherwise it
            raises StoppedBySignal at once.
        agreed: all processes of the run stop at the same place.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self.deferred = False
        self.agreed = False
        self._since = 0.0
        self._process = os.getpid()

    def handle(self, number: int, frame) -> None:
        if os.getpid() != self._process:
            return
        if self.received is not None:
            if time.monotonic() - self._since >= SAME_SIGNAL:
                os.write(2, b'a second signal: ended at once\n')
                kill_children()
                os._exit(128 + number)
            return
        self.received, self._since = signal.Signals(number), time.monotonic()
        if not self.deferred:
            raise StoppedBySignal(self.received)


def kill_children(spared: Collection[BaseProcess] = ()) -> None:
    """Kill the data workers and other daemons of this process. They do not see SIGTERM.

    Args:
        spared: processes that live on.
    """
    for child in multiprocessing.active_children():
        if child.daemon and child not in spared:
            child.kill()


_active: list[StopSignals] = []


@contextmanager
def stop_signals() -> Iterator[StopSignals]:
    """Handle SIGTERM and SIGINT while the block runs; a second signal ends the process at once.

    Processes that are forked inside, such as data workers, do not see the two: whoever signals the
    whole group would take away the data of the last iteration. Those that are still there at the
    end are killed. Outside of the main thread, where
    Python allows no handlers, nothing changes. A signal that was ignored before stays ignored.
    """
    signals, before = StopSignals(), {}
    children = multiprocessing.active_children()
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:
                before[number] = signal.signal(number, signals.handle)
    _active.append(signals)
    try:
        yield signals
    finally:
        _active.remove(signals)
        kill_children(spared=children)  # those that hang; the others have ended by now
        for number, handler in before.items():
            signal.signal(number, handler)


def _block_in_child() -> None:
    if _active:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


os.register_at_fork(after_in_child=_block_in_child)
