"""How this process handles its memory."""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
BLOCK = 1 << 30


def keep_freed_memory() -> bool:
    """Let glibc keep freed blocks of up to 1 GiB for their next use; True where this C library can do so.

    Every feature map of a large image is a block of its own, which malloc otherwise gets from the system and returns
    to it anew, page by page: a tenth to a quarter of the time of a network on a CPU. For commands, which own their
    process; a library call should leave this to its caller.
    """
    if sys.platform != 'linux' or not hasattr(libc := ctypes.CDLL(None), 'mallopt'):
        return False
    return all([libc.mallopt(M_MMAP_THRESHOLD, BLOCK), libc.mallopt(M_TRIM_THRESHOLD, BLOCK)])
