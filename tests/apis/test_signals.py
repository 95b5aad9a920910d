"""SIGTERM and Ctrl-C, sent to whole commands."""

import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from restorelab.apis.training import train
from restorelab.io.images import read_image, write_image
from restorelab.utils.checkpoint import read_checkpoint
from tests.engine.toys import recorded, toy_config

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def start(*command: str) -> subprocess.Popen:
    """A command in a group of its own. (Jobs in the background may have been told to ignore it.)"""
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': ''}
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


def wait_for(path: Path, process: subprocess.Popen, seconds: float = 100.0) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end, f'no {path} after {seconds} s'
        time.sleep(0.02)


def start_toy(folder: Path, *options: str) -> subprocess.Popen:
    options = ['default_hooks.checkpoint.interval=1000', 'max_iters=100000', *options]
    process = start('-m', 'tests.engine.toys', str(folder), *options)
    wait_for(folder / 'losses_0.txt', process)
    return process


def losses_in(folder: Path) -> list[float]:
    return [float(line.split()[1]) for line in (folder / 'losses_0.txt').read_text().splitlines()]


@pytest.mark.parametrize(('number', 'code'), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_training_ends_with_its_last_iteration_saved(tmp_path, number, code):
    """The signal goes to the data workers, too."""
    process = start_toy(tmp_path, 'num_workers=1')
    os.killpg(process.pid, number)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == code, said
    done = len(losses_in(tmp_path))
    assert f'after iteration {done}; the checkpoint {tmp_path}/iter_{done}.pth is whole' in said
    assert re.search(r'Go on with:\n  restorelab train \S+ --work-dir \S+ --resume', said)
    assert read_checkpoint(tmp_path / f'iter_{done}.pth')['meta']['iter'] == done
    assert not list(tmp_path.glob('.*'))
    rest = train(toy_config(tmp_path, max_iters=done + 2), resume=True)
    assert len(recorded(rest)) == 2


def test_a_signal_in_a_validation_saves_the_weights_and_not_their_average(tmp_path):
    process = start_toy(tmp_path, 'train_cfg.val_interval=1', 'val_dataloader.dataset.size=100000')
    time.sleep(1)
    process.terminate()
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 143, said
    assert 'stopped by SIGTERM after iteration 1;' in said
    whole = train(toy_config(tmp_path / 'whole', max_iters=2, param_scheduler=[]))
    cfg = toy_config(tmp_path, max_iters=2, param_scheduler=[])
    np.testing.assert_allclose(recorded(train(cfg, resume=True)), recorded(whole)[1:], rtol=0.02)


def test_a_second_signal_ends_at_once(tmp_path):
    process = start_toy(tmp_path, 'train_dataloader.dataset.seconds=600', 'num_workers=1')
    time.sleep(1)  # into the wait for the data of the second iteration
    process.terminate()
    time.sleep(1.2)
    process.terminate()
    said = process.communicate(timeout=20)[0]
    assert process.returncode == 143, said
    assert 'a second signal: ended at once' in said
    left = subprocess.run(
        ['ps', '-o', 'stat=', '-g', str(process.pid)], capture_output=True, text=True
    )
    states = left.stdout.split()  # the data worker, which hangs, was killed
    assert all(state.startswith('Z') for state in states)


@pytest.mark.parametrize(('number', 'code'), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_restored_folder_has_whole_files_only(tmp_path, number, code):
    (tmp_path / 'photos').mkdir()
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for name in range(200):
        write_image(tmp_path / f'photos/{name:03}.png', image)
    process = start('tools/restore.py', str(tmp_path / 'photos'), str(tmp_path / 'out'))
    wait_for(tmp_path / 'out/001.png', process)
    process.send_signal(number)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == code, said
    assert f'stopped by {number.name}: every result in {tmp_path}/out is whole' in said
    results = sorted((tmp_path / 'out').iterdir())
    assert 2 <= len(results) < 200
    for path in results:
        assert read_image(path).shape == image.shape
