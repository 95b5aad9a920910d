"""Atomic writing: the old file stays whole until the new one is complete."""

import subprocess
import sys

import pytest

from restorelab.utils.files import atomic_path, is_temporary, remove_abandoned


def test_the_file_appears_under_its_name(tmp_path):
    with atomic_path(tmp_path / 'a.txt') as temporary:
        temporary.write_text('new')
        assert temporary.suffix == '.txt'
    assert [path.name for path in tmp_path.iterdir()] == ['a.txt']
    assert (tmp_path / 'a.txt').read_text() == 'new'


def test_a_failure_keeps_the_old_file_and_leaves_no_litter(tmp_path):
    def write_half():
        with atomic_path(tmp_path / 'a.txt') as temporary:
            temporary.write_text('half of the n')
            raise OSError('disk full')

    (tmp_path / 'a.txt').write_text('old')
    with pytest.raises(OSError, match='disk full'):
        write_half()
    assert [path.name for path in tmp_path.iterdir()] == ['a.txt']
    assert (tmp_path / 'a.txt').read_text() == 'old'


def test_what_a_killed_process_left_is_known_and_removed(tmp_path):
    command = 'import sys, os, signal\nfrom restorelab.utils.files import atomic_path\n'
    command += 'with atomic_path(sys.argv[1]) as temporary:\n    temporary.write_text("half")\n'
    command += '    os.kill(os.getpid(), signal.SIGKILL)\n'
    subprocess.run([sys.executable, '-c', command, str(tmp_path / 'a.png')])
    left = list(tmp_path.iterdir())
    assert len(left) == 1
    assert is_temporary(left[0])
    (tmp_path / '.hidden.tmp.png').write_text('not ours')
    with atomic_path(tmp_path / 'b.png') as temporary:
        temporary.write_text('alive')
        assert remove_abandoned(tmp_path) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ['.hidden.tmp.png', 'b.png']
    assert not is_temporary(tmp_path / '.hidden.tmp.png')
