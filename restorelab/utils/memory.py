"""How this process handles its memory."""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
BLOCK = 1 << 30


def keep_freed_memory() -> bool:
    """Let glibc keep freed blocks of up to 1 GiB for their next use. Returns whether it does.

    By default malloc asks the system for each feature map of a large image and gives it back
    afterwards, page by page. That takes a tenth to a quarter of the time of a network on a CPU.

    Only commands call this, because it changes the whole process. A library call leaves it to its
    caller.
    """
    if sys.platform != 'linux':
        return False
    libc = ctypes.CDLL(None)
    if not hasattr(libc, 'mallopt'):  # another C library than glibc
        return False
    keeps_mapped = libc.mallopt(M_MMAP_THRESHOLD, BLOCK)
    keeps_free = libc.mallopt(M_TRIM_THRESHOLD, BLOCK)
    return bool(keeps_mapped and keeps_free)
