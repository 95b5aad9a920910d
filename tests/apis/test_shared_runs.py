"""Restoring a folder with several processes, as torchrun and Slurm start them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch.distributed as dist

from restorelab.apis import ranks
from restorelab.apis.ranks import Ranks, joined_ranks
from restorelab.io.images import read_image, write_image

ROOT = Path(__file__).parents[2]
SLURM = dict(SLURM_PROCID='0', SLURM_NTASKS='1', SLURM_LOCALID='0')


@pytest.fixture
def photos(tmp_path):
    (tmp_path / 'photos').mkdir()
    for number in range(60):
        image = np.random.default_rng(number).integers(0, 256, (48, 48, 3), dtype=np.uint8)
        write_image(tmp_path / f'photos/{number:03}.png', image)
    (tmp_path / 'photos/020.png').write_bytes(b'words')
    return tmp_path / 'photos'


def start_two(photos: Path, out: Path, *options: str) -> subprocess.Popen:
    command = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc-per-node=2']
    command += ['tools/restore.py', str(photos), str(out), '--report', str(out) + '.json', *options]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': ''},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def restorers_of(process: subprocess.Popen) -> list[int]:
    """The processes that torchrun started."""
    found = subprocess.run(['pgrep', '-P', str(process.pid)], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


def wait_for_results(out: Path, number: int, process: subprocess.Popen) -> None:
    end = time.monotonic() + 100
    while len(list(out.glob('[0-9]*.png'))) < number:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.slow
def test_a_killed_rank_leaves_whole_files_and_the_same_command_finishes(photos, tmp_path):
    out = tmp_path / 'out'
    process = start_two(photos, out, '--skip-existing')
    wait_for_results(out, 8, process)
    os.kill(restorers_of(process)[0], signal.SIGKILL)
    said = process.communicate(timeout=100)[0]
    assert process.returncode != 0, said
    first = {path.name: path.stat().st_mtime_ns for path in out.glob('[0-9]*.png')}
    assert 8 <= len(first) < 59
    for name in first:
        assert read_image(out / name).shape == (48, 48, 3)
    process = start_two(photos, out, '--skip-existing')
    said = process.communicate(timeout=200)[0]
    assert said.count(' restored') == 1, said
    assert sorted(path.name for path in out.iterdir()) == sorted(
        path.name for path in photos.iterdir() if path.name != '020.png'
    )
    for name, made in first.items():
        assert (out / name).stat().st_mtime_ns == made
    report = json.loads((tmp_path / 'out.json').read_text())
    assert report['counts'] == {
        'restored': 59 - len(first),
        'there already': len(first),
        'no picture': 0,
        'failed': 1,
    }
    assert [Path(entry['path']).name for entry in report['files']] == sorted(
        path.name for path in photos.iterdir()
    )
    assert {path.name for path in tmp_path.iterdir()} == {'photos', 'out', 'out.json'}


@pytest.mark.slow
def test_what_is_wrong_is_said_once_and_ends_all(photos, tmp_path):
    (tmp_path / 'out').mkdir()
    write_image(tmp_path / 'out/000.png', np.zeros((2, 2, 3), np.uint8))
    process = start_two(photos, tmp_path / 'out')
    said = process.communicate(timeout=100)[0]
    assert process.returncode != 0
    assert said.count('exists already') == 1
    assert len(list((tmp_path / 'out').iterdir())) == 1


def test_shares_are_disjoint_and_complete():
    values = list(range(11))
    shares = [Ranks(rank, 3).share(values) for rank in range(3)]
    assert sorted(value for share in shares for value in share) == values
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_each_of_several_processes_takes_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    monkeypatch.setattr('torch.cuda.device_count', lambda: 2)
    assert [Ranks(rank, 4, rank).device(None) for rank in range(4)] == [
        'cuda:0',
        'cuda:1',
        'cuda:0',
        'cuda:1',
    ]
    assert Ranks(3, 4, 3).device('cpu') == 'cpu'
    assert Ranks().device(None) is None


def test_slurm_counts_only_when_asked_for(monkeypatch):
    for name, value in dict(SLURM, SLURM_NTASKS='4').items():
        monkeypatch.setenv(name, value)
    with joined_ranks() as found:
        assert found == Ranks()


def test_slurm_outside_of_srun_says_how_to_start(monkeypatch):
    monkeypatch.delenv('SLURM_PROCID', raising=False)
    with pytest.raises(ValueError, match='start it by srun'), joined_ranks('slurm'):
        pass


def test_an_unknown_launcher_is_refused():
    with pytest.raises(ValueError, match='choose one of'), joined_ranks('mpi'):
        pass


@pytest.mark.parametrize(
    ('nodes', 'first'),
    [
        ('gpu3', 'gpu3'),
        ('gpu3,gpu5', 'gpu3'),
        ('gpu[03-05,09]', 'gpu03'),
        ('gpu[7,9]', 'gpu7'),
        ('cpu1,gpu[03-05]', 'cpu1'),
        ('rack[1-2]-node', 'rack1-node'),
    ],
)
def test_the_first_node_of_slurm(nodes, first):
    assert ranks._first_node(nodes) == first


def test_one_process_needs_no_group():
    assert Ranks().decide_once(lambda: 5) == 5
    assert Ranks().gather('a') == ['a']
    assert not dist.is_initialized()
