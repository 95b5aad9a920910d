"""Atomic writing: the old file stays whole until the new one is complete."""

import pytest

from restorelab.utils.files import atomic_path


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
