"""Two processes on the CPU, which talk over gloo, against one."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from restorelab.apis.training import train
from restorelab.utils.checkpoint import read_checkpoint
from tests.engine.toys import recorded, toy_config

ROOT = Path(__file__).parents[2]
TOYS = [sys.executable, '-m', 'tests.engine.toys']
ITERATIONS = 8
OPTIONS = {
    'train_dataloader.sampler.type': 'InfiniteSeededSampler',
    'model.backbone.dropout': 0.2,
    'optim_wrapper.clip_grad.max_norm': 1.0,
}


def free_port() -> int:
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        return server.getsockname()[1]


def start_two(folder: Path, *options: str) -> list[subprocess.Popen]:
    """Two processes of ``tests.engine.toys``, as torchrun starts them."""
    shared = dict(WORLD_SIZE='2', MASTER_ADDR='127.0.0.1', MASTER_PORT=str(free_port()))
    shared |= dict(OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES='')
    processes = []
    for rank in ('0', '1'):
        processes.append(
            subprocess.Popen(
                [*TOYS, str(folder), 'launcher=pytorch', *options],
                cwd=ROOT,
                env={**os.environ, **shared, 'RANK': rank, 'LOCAL_RANK': rank},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    return processes


def check_codes(processes: list[subprocess.Popen], code: int) -> None:
    said = [process.communicate(timeout=200)[0] for process in processes]
    assert [process.returncode for process in processes] == [code, code], '\n'.join(said)


def losses_in(folder: Path, rank: int) -> list[float]:
    lines = (folder / f'losses_{rank}.txt').read_text().splitlines()
    return [float(line.split()[1]) for line in lines]


@pytest.mark.slow
def test_two_processes_equal_one_on_the_joined_batch(tmp_path, record_property):
    options = [f'{key}={value}' for key, value in OPTIONS.items()]
    check_codes(start_two(tmp_path / 'two', f'max_iters={ITERATIONS}', *options), 0)
    cfg = toy_config(tmp_path / 'one', ITERATIONS, **OPTIONS, **{'train_dataloader.batch_size': 4})
    one = train(cfg)
    name = f'iter_{ITERATIONS}.pth'
    both = [read_checkpoint(tmp_path / part / name) for part in ('one', 'two')]
    largest = 0.0
    for key, value in both[0]['ema_state_dict'].items():
        difference = (value.double() - both[1]['ema_state_dict'][key].double()).abs().max()
        largest = max(largest, difference.item())
    record_property('largest difference of a weight', largest)
    assert largest <= 1e-6
    torch.testing.assert_close(both[1]['state_dict'], both[0]['state_dict'], rtol=0, atol=1e-6)
    for rank in (0, 1):  # each logs the mean of the two
        logged = losses_in(tmp_path / 'two', rank)
        np.testing.assert_allclose(logged, recorded(one), rtol=0, atol=1e-6)


@pytest.mark.slow
def test_a_signal_to_one_process_stops_both_after_the_same_iteration(tmp_path):
    processes = start_two(tmp_path, 'max_iters=100000', 'train_cfg.val_interval=1000')
    end = time.monotonic() + 200
    while not (tmp_path / 'losses_1.txt').exists() and time.monotonic() < end:
        time.sleep(0.1)
    processes[1].terminate()
    check_codes(processes, 143)
    done = {len(losses_in(tmp_path, rank)) for rank in (0, 1)}
    assert len(done) == 1
    assert read_checkpoint(tmp_path / f'iter_{done.pop()}.pth')['optimizer']['state']
