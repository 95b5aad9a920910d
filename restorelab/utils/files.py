"""Which files are read, and how they are written so that an interruption leaves no broken one."""

import errno
import os
import re
import secrets
import socket
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath, PureWindowsPath

KINDS = {
    stat.S_IFDIR: 'a folder',
    stat.S_IFIFO: 'a FIFO',
    stat.S_IFSOCK: 'a socket',
    stat.S_IFBLK: 'a device',
    stat.S_IFCHR: 'a device',
}


def fault_of_file(path: str | os.PathLike) -> str | None:
    """Why there is no regular file at ``path``, after all links; None when there is one.

    To open a FIFO or a device could wait for ever.
    """
    try:
        mode = os.stat(path).st_mode
    except ValueError as error:  # a zero byte in the name
        return f'no such file ({error})'
    except OSError as error:
        return _fault_of_missing(path, error)
    if stat.S_ISREG(mode):
        return None
    return f'is {KINDS.get(stat.S_IFMT(mode), "something else")}, not a file'


def _fault_of_missing(path: str | os.PathLike, error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return 'is a link that leads back to itself'
    if error.errno == errno.ENOENT and os.path.islink(path):
        return f'is a link to {os.readlink(path)}, which does not exist'
    if error.errno == errno.ENOENT:
        return 'no such file'
    return f'no such file ({error.strerror})'


def fault_of_relative(name: str) -> str | None:
    """Why ``name``, read from a file of the user, could lead out of its folder; None if it cannot.

    A link inside the folder may lead out: its owner put it there.
    """
    path = PurePath(name)
    if path.is_absolute() or PureWindowsPath(name).drive:
        return 'is an absolute path; wanted is one below the folder of the data'
    if '..' in path.parts or '..' in PureWindowsPath(name).parts:
        return "leads out of its folder by '..'; wanted is a path below the folder of the data"
    if '\0' in name or not path.parts:
        return 'is no name of a file'
    return None


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """A temporary path beside ``path``. It becomes ``path`` when the block ends without an error.

    An earlier file at ``path`` stays whole until then, also after a full disk or a kill. When the
    block fails, the temporary file is removed. The folder must exist. The temporary name keeps the
    extension, because many writers choose the format by it.
    """
    path = Path(path)
    name = f'.{secrets.token_hex(6)}.{_machine()}.{os.getpid()}.tmp{path.suffix}'
    temporary = path.with_name(name)
    try:
        yield temporary
        with open(temporary, 'rb') as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


TEMPORARY = re.compile(r'\.[0-9a-f]{12}\.(?P<machine>[0-9a-f]{8})\.(?P<process>\d+)\.tmp(\.\w+)?')


def _machine() -> str:
    """Eight hexadecimal digits that name this machine."""
    return f'{zlib.crc32(socket.gethostname().encode()):08x}'


def is_temporary(path: str | os.PathLike) -> bool:
    """Whether the name is one that ``atomic_path`` gives to what is not finished."""
    return TEMPORARY.fullmatch(Path(path).name) is not None


def remove_abandoned(folder: str | os.PathLike) -> int:
    """Remove the unfinished files in ``folder`` whose process on this machine was killed.

    Returns: how many.
    """
    count = 0
    for path in Path(folder).iterdir():
        name = TEMPORARY.fullmatch(path.name)
        if name and name['machine'] == _machine() and not _is_alive(int(name['process'])):
            path.unlink(missing_ok=True)
            count += 1
    return count


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is another user's
        return True
    return True
