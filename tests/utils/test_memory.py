"""The setting of the C library's memory, seen in a process of its own."""

import subprocess
import sys

import pytest

from restorelab.utils.memory import keep_freed_memory

COUNT = """
import resource, sys, torch
from restorelab.utils.memory import keep_freed_memory
if sys.argv[1] == 'keep':
    assert keep_freed_memory()
torch.set_num_threads(1)
for _ in range(3):
    torch.ones(16 * 2**20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    torch.ones(16 * 2**20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(how: str) -> int:
    return int(subprocess.run([sys.executable, '-c', COUNT, how], capture_output=True, text=True, check=True).stdout)


@pytest.mark.slow
@pytest.mark.skipif(not keep_freed_memory(), reason='not glibc')
def test_freed_blocks_are_used_again_without_new_pages():
    assert page_faults('keep') < page_faults('give back') / 2
