"""Writing files so that an interrupted write never leaves half of one."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """A temporary path beside ``path`` that becomes ``path`` when the block ends well, and is removed when it fails.

    Whatever stood at ``path`` stays as it was until the last moment: after a full disk or a kill it is still whole.
    The folder must exist. The temporary name keeps the extension, by which many writers choose the format.
    """
    path = Path(path)
    temporary = path.with_name(f'.{secrets.token_hex(6)}.tmp{path.suffix}')
    try:
        yield temporary
        with open(temporary, 'rb') as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
