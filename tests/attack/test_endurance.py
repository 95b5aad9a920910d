"""A short run of the measurement of long runs."""

from tests.attack import endurance


def test_pictures_and_iterations_leave_no_file_open(tmp_path):
    _, opened = endurance.restore_small(10, tmp_path)[0]
    assert endurance.restore_small(20, tmp_path)[-1][1] == opened
    states = endurance.apart(endurance.train_long, 20, tmp_path / 'training')
    assert len(states) == 2
    assert states[1][1] <= states[0][1]


def test_growth_and_open_files_are_told(capsys):
    assert not endurance.grows('even', [(1000.0, 8), (1010.0, 8)])
    assert endurance.grows('memory', [(1000.0, 8), (1100.0, 8)])
    assert endurance.grows('files', [(1000.0, 8), (1000.0, 9)])
    assert 'memory    1000 ->    1100 MiB   files 8 -> 8' in capsys.readouterr().out
