"""The setting of the C library's memory, seen in a process of its own."""

import os
import subprocess
import sys

import pytest

COUNT = """
import ctypes, sys, torch
from restorelab.apis import load
from restorelab.utils.memory import keep_freed_memory

class MallInfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        'arena', 'ordblks', 'smblks', 'hblks', 'hblkhd', 'usmblks', 'fsmblks', 'uordblks',
        'fordblks', 'keepcost')]

if sys.argv[1] == 'keep':
    assert keep_freed_memory()
if sys.argv[1] == 'load':
    load(device='cpu')
if sys.argv[1] == 'set':
    assert not keep_freed_memory()
mallinfo = ctypes.CDLL(None).mallinfo2
mallinfo.restype = MallInfo
before = mallinfo().hblkhd
block = torch.ones(16 * 2**20)
print(mallinfo().hblkhd - before)
"""


def bytes_of_their_own(how: str, **environment: str) -> int:
    """How much of a block of 64 MiB has its own pages, which go back to the system with it."""
    return int(
        subprocess.run(
            [sys.executable, '-c', COUNT, how],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, **environment},
        ).stdout
    )


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='asks glibc')
def test_large_blocks_come_from_memory_that_is_kept():
    assert bytes_of_their_own('give back') >= 64 * 2**20
    assert bytes_of_their_own('keep') < 2**20


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='asks glibc')
def test_a_loaded_model_keeps_it_too_unless_the_environment_sets_malloc():
    assert bytes_of_their_own('load') < 2**20
    assert bytes_of_their_own('set', MALLOC_TRIM_THRESHOLD_='131072') >= 64 * 2**20
