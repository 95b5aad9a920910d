import errno
import fcntl
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from restorelab.utils.work_dir_lock import LOCK_NAME, WorkDirInUseError, work_dir_lock

ROOT = Path(__file__).parents[2]
HOLD = """
import os, sys, time
from restorelab.utils.work_dir_lock import work_dir_lock
with work_dir_lock(sys.argv[1]) as died:
    if os.fork() == 0:  # a data worker, which outlives a killed parent
        time.sleep(20)
        os._exit(0)
    print('holding', died, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of ``tmp_path``."""
    process = subprocess.Popen(
        [sys.executable, '-c', HOLD, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline().startswith('holding')
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_a_folder_in_use_is_refused_with_who_has_it(tmp_path, holder):
    wanted = rf'process {holder.pid} on {socket.gethostname()}, started at 20\d\d-'
    with pytest.raises(WorkDirInUseError, match=wanted), work_dir_lock(tmp_path):
        pass


def test_the_lock_of_a_dead_process_is_taken_over_though_its_children_live(tmp_path, holder):
    holder.kill()
    holder.wait()
    with work_dir_lock(tmp_path) as died:
        assert f'process {holder.pid} on' in died


def test_a_lock_is_given_back_and_leaves_no_file(tmp_path):
    for _ in range(2):
        with work_dir_lock(tmp_path / 'new') as died:
            assert died is None
            owner = json.loads((tmp_path / 'new' / LOCK_NAME).read_text())
            assert owner['pid'] == os.getpid()
    assert list((tmp_path / 'new').iterdir()) == []


def test_a_process_does_not_lock_a_folder_twice(tmp_path):
    with (
        work_dir_lock(tmp_path),
        pytest.raises(WorkDirInUseError, match='this process'),
        work_dir_lock(tmp_path / '.'),
    ):
        pass


def test_of_many_threads_one_wins(tmp_path):
    won, lost, done = [], [], threading.Barrier(8)

    def try_it():
        try:
            with work_dir_lock(tmp_path):
                won.append(1)
                done.wait(10)
        except WorkDirInUseError:
            lost.append(1)
            done.wait(10)

    threads = [threading.Thread(target=try_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 7)


def test_of_many_processes_that_start_together_one_wins(tmp_path):
    context = multiprocessing.get_context('fork')
    begin, results = context.Barrier(6), context.SimpleQueue()

    def try_it():
        begin.wait(20)
        try:
            with work_dir_lock(tmp_path):
                results.put('won')
                begin.wait(20)
        except WorkDirInUseError:
            results.put('lost')
            begin.wait(20)

    processes = [context.Process(target=try_it) for _ in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert sorted(results.get() for _ in processes) == ['lost'] * 5 + ['won']


def test_a_lock_that_a_kill_cut_off_is_taken_over(tmp_path):
    (tmp_path / LOCK_NAME).write_text('{"pid": 1')
    with work_dir_lock(tmp_path) as died:
        assert 'not yet written' in died


def test_a_file_system_without_locks_is_warned_about(tmp_path, monkeypatch, caplog):
    def without(*args):
        raise OSError(errno.ENOLCK, 'No locks available')

    monkeypatch.setattr(fcntl, 'lockf', without)
    with work_dir_lock(tmp_path):
        assert 'no locks' in caplog.text
