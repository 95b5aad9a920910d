"""One training per work dir."""

import errno
import fcntl
import json
import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

LOCK_NAME = '.lock'
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # of a file system that has none
log = logging.getLogger(__name__)
_held: set[Path] = set()  # by this process; a lock of a file never excludes its own process
_held_guard = threading.Lock()


class WorkDirInUseError(OSError):
    """Another training writes into the work dir."""


@contextmanager
def work_dir_lock(work_dir: str | os.PathLike) -> Iterator[str | None]:
    """Hold ``work_dir`` for this process while the block runs. The folder is made when missing.

    The lock is one of the operating system on the file ``.lock``, so it ends with the process,
    however that ends. The file says who holds it.

    Gives: who held the lock and died without giving it back, as a text, or None.
    Raises: WorkDirInUseError that names host, process id and start of the process that holds it.
    """
    folder = Path(work_dir)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder.resolve() / LOCK_NAME
    with _held_guard:
        if path in _held:
            raise WorkDirInUseError(_refusal(folder, 'this process, in another thread'))
        _held.add(path)
    try:
        file = _locked(folder, path)
        try:
            before = os.pread(file, 4096, 0)
            _write_owner(file)
            yield _describe(before) if before else None
        finally:
            path.unlink(missing_ok=True)  # before the lock goes: nobody else can have it yet
            os.close(file)
    finally:
        with _held_guard:
            _held.discard(path)


def _locked(folder: Path, path: Path) -> int:
    """A descriptor of the file at ``path``, with the lock on it."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(file, 4096, 0)
            if error.errno not in NO_LOCKS:
                os.close(file)
                raise WorkDirInUseError(_refusal(folder, _describe(owner))) from error
            log.warning('%s: this file system has no locks; start one training only', folder)
        if _is_at(path, file):
            return file
        os.close(file)  # the one who held it removed the file meanwhile


def _is_at(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(file))
    except FileNotFoundError:
        return False


def _write_owner(file: int) -> None:
    now = datetime.now().astimezone().isoformat(sep=' ', timespec='seconds')
    owner = dict(host=socket.gethostname(), pid=os.getpid(), started=now)
    os.ftruncate(file, 0)
    os.pwrite(file, json.dumps(owner).encode(), 0)


def _describe(owner: bytes) -> str:
    try:
        known = json.loads(owner)
        return f'process {known["pid"]} on {known["host"]}, started at {known["started"]}'
    except (ValueError, KeyError, TypeError):  # it was taken a moment ago, or cut off by a kill
        return 'a process that has not yet written its name'


def _refusal(folder: Path, owner: str) -> str:
    return (
        f'{folder}: a training is running in this work dir ({owner}). Wait for it or stop it, or '
        'give this one another folder (--work-dir)'
    )
