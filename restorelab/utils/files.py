"""Write files so that an interruption never leaves a broken one."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """A temporary path beside ``path``. It becomes ``path`` when the block ends without an error.

    An earlier file at ``path`` stays whole until then, also after a full disk or a kill. When the
    block fails, the temporary file is removed. The folder must exist. The temporary name keeps the
    extension, because many writers choose the format by it.
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
