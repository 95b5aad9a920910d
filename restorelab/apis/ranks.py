"""Several processes, on one or more machines, that share the files of one run."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist

Value = TypeVar('Value')
LAUNCHERS = ('auto', 'none', 'slurm')
# A process waits for the last one, which may have a long video.
PATIENCE = timedelta(days=30)
# What Slurm says, and what torch.distributed reads.
SLURM = dict(SLURM_PROCID='RANK', SLURM_NTASKS='WORLD_SIZE', SLURM_LOCALID='LOCAL_RANK')
DEFAULT_PORT = '29517'


@dataclass(frozen=True)
class Ranks:
    """This process among those of the run.

    Attributes:
        rank: its number, from 0.
        count: of all.
        local_rank: its number on this machine.
    """

    rank: int = 0
    count: int = 1
    local_rank: int = 0

    def share(self, values: list[Value]) -> list[Value]:
        """Every ``count``-th of the values, which all processes have in the same order."""
        return values[self.rank :: self.count]

    def decide_once(self, decide: Callable[[], Value]) -> Value:
        """What ``decide`` returns in the first process, for all.

        Raises: in the first process what ``decide`` raises; in the others SystemExit with code 1,
            since one message is enough.
        """
        if self.count == 1:
            return decide()
        if self.rank != 0:
            box: list = [None, None]
            dist.broadcast_object_list(box)
            if box[0] == 'failed':
                raise SystemExit(1)
            return box[1]
        try:
            value = decide()
        except BaseException:
            dist.broadcast_object_list(['failed', None])
            raise
        dist.broadcast_object_list(['decided', value])
        return value

    def gather(self, value: Value) -> list[Value] | None:
        """The values of all processes, in the first one; None in the others."""
        if self.count == 1:
            return [value]
        gathered: list | None = [None] * self.count if self.rank == 0 else None
        dist.gather_object(value, gathered)
        return gathered

    def device(self, device: str | None) -> str | None:
        """``device``, or a GPU of its own for each of several processes on a machine."""
        if device is not None or self.count == 1 or not torch.cuda.is_available():
            return device
        return f'cuda:{self.local_rank % torch.cuda.device_count()}'


@contextmanager
def joined_ranks(launcher: str = 'auto') -> Iterator[Ranks]:
    """The processes that torchrun or Slurm started, joined while the block runs.

    Args:
        launcher: ``auto`` joins those of torchrun, which says so in the environment, and ``none``
            joins no others. ``slurm`` joins the tasks of srun; a shell inside a Slurm job has the
            same variables, so they count only when asked for.
    Raises: ValueError for another launcher, and for ``slurm`` outside of srun.
    """
    if launcher not in LAUNCHERS:
        raise ValueError(f'launcher is {launcher!r}; choose one of {list(LAUNCHERS)}')
    if launcher == 'slurm':
        _follow_slurm()
    count = 1 if launcher == 'none' else int(os.environ.get('WORLD_SIZE', 1))
    if count == 1:
        yield Ranks()
        return
    # results are files, so only small objects travel, and those between CPUs
    dist.init_process_group('gloo', timeout=PATIENCE)
    try:
        yield Ranks(dist.get_rank(), count, int(os.environ.get('LOCAL_RANK', 0)))
    finally:
        dist.destroy_process_group()


def _follow_slurm() -> None:
    """Give torch.distributed what srun says."""
    missing = [name for name in (*SLURM, 'SLURM_STEP_NODELIST') if name not in os.environ]
    if missing:
        raise ValueError(
            f'the launcher is slurm, but {missing} are not in the environment; start it by srun, '
            'such as: srun --ntasks 4 restorelab restore --launcher slurm IN OUT'
        )
    for theirs, ours in SLURM.items():
        os.environ[ours] = os.environ[theirs]
    os.environ.setdefault('MASTER_ADDR', _first_node(os.environ['SLURM_STEP_NODELIST']))
    os.environ.setdefault('MASTER_PORT', DEFAULT_PORT)


def _first_node(nodes: str) -> str:
    """``gpu[03-05,9],cpu1`` -> ``gpu03``."""
    name, bracket, numbers = nodes.partition('[')
    if not bracket or ',' in name:
        return nodes.split(',')[0]
    end = numbers.partition(']')[2].partition(',')[0]
    return name + numbers.replace(']', ',').replace('-', ',').split(',')[0] + end
