"""Kill a training again and again, resume it, and compare it with one that was left alone.

    python -m tests.attack.kills --kills 20 --while-writing 5

A kill is a SIGKILL. Some come while a checkpoint is written, some while the training starts, the
others after a random number of iterations. The trainings are forks of this process, which has
imported everything once, so that a start takes a second.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from restorelab.apis.training import train
from restorelab.engine import latest_checkpoint
from restorelab.io.images import ImageReadError, read_image
from restorelab.utils.checkpoint import CheckpointError, read_checkpoint
from tests.engine.toys import toy_config

INTERVAL, KEPT = 5, 2  # iterations between two checkpoints, and how many of them stay
PER_KILL = 12  # iterations of the whole training for each kill
BALLAST = 2_000_000  # weights that make a checkpoint take a while
PATIENCE = 120.0  # seconds
TOLERANCE = 1e-6
UNFINISHED = '.*.tmp.pth'


@dataclass
class Result:
    """What the kills did.  ``kills``: their number by moment."""

    kills: dict[str, int] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    losses: int = 0
    largest_difference: float = 0.0
    weights_equal: bool = False
    surplus: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        clean = not self.unreadable and not self.surplus and self.weights_equal
        return clean and self.largest_difference <= TOLERANCE


def start(folder: Path, iterations: int) -> int:
    """A training in a process of its own, from the last checkpoint if there is one."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        with open(folder.with_suffix('.log'), 'a') as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        options = {
            'default_hooks.checkpoint': dict(interval=INTERVAL, max_keep_ckpts=KEPT),
            'train_cfg.val_interval': 4 * INTERVAL,
            'model.backbone.ballast': BALLAST,
        }
        train(toy_config(folder, iterations, num_workers=1, **options), resume=True)
        code = 0
    finally:
        os._exit(code)


def has_ended(process: int) -> bool:
    return os.waitpid(process, os.WNOHANG)[0] == process


def finish(process: int, folder: Path) -> None:
    """Wait for a training that nobody kills."""
    status = os.waitpid(process, 0)[1]
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f'a training failed; see {folder.with_suffix(".log")}')


def losses_in(folder: Path) -> list[tuple[int, float]]:
    """(iteration, loss) of every iteration that was finished, also of repeated ones."""
    path, losses = folder / 'losses_0.txt', []
    for line in path.read_text().splitlines() if path.exists() else []:
        number, loss = line.split()
        losses.append((int(number), float(loss)))
    return losses


def unfinished(folder: Path) -> set[Path]:
    return set(folder.glob(UNFINISHED))


def kill_when(process: int, moment: Callable[[], bool], wait: float = 0.0) -> bool:
    """Kill a training when ``moment()``, and ``wait`` seconds later; False if it ended before."""
    end = time.monotonic() + PATIENCE
    while not moment():
        if has_ended(process):
            return False
        if time.monotonic() > end:
            raise TimeoutError(f'the moment to kill did not come in {PATIENCE} s')
        time.sleep(0.0005)
    time.sleep(wait)
    if has_ended(process):
        return False
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return True


def kill_once(folder: Path, iterations: int, wanted: str, rng: np.random.Generator) -> str | None:
    """Start a training and kill it. Returns: the moment that was met, or None if it had ended."""
    done, before = len(losses_in(folder)), unfinished(folder)
    process = start(folder, iterations)
    if wanted == 'writing':
        killed = kill_when(process, lambda: unfinished(folder) - before, rng.uniform(0, 0.01))
    elif wanted == 'starting':
        killed = kill_when(process, lambda: True, rng.uniform(0, 1.0))
    else:
        more = rng.integers(1, 2 * PER_KILL)
        killed = kill_when(
            process, lambda: len(losses_in(folder)) >= done + more, rng.uniform(0, 0.05)
        )
    if not killed:
        return None
    if unfinished(folder) - before:
        return 'writing'
    return 'training' if len(losses_in(folder)) > done else 'starting'


def unreadable(folder: Path) -> list[str]:
    """The checkpoints and pictures that cannot be read, and a record that names no checkpoint."""
    found = []
    for path in sorted(folder.rglob('*')):
        if path.name.startswith('.'):
            continue  # unfinished: nobody takes it for a checkpoint
        try:
            if path.suffix == '.pth':
                read_checkpoint(path)
            elif path.suffix == '.png':
                read_image(path)
        except (CheckpointError, ImageReadError, OSError) as error:
            found.append(str(error))
    if any(folder.glob('iter_*.pth')) and latest_checkpoint(folder) is None:
        found.append(f'{folder}: no checkpoint is found')
    return found


def attack(folder: Path, kills: int, while_writing: int, seed: int = 0) -> Result:
    """Train in ``folder`` with and without kills.

    Args:
        kills: their number.
        while_writing: at least so many of them come while a checkpoint is written.
    """
    iterations, rng = PER_KILL * kills + 2 * INTERVAL, np.random.default_rng(seed)
    whole, parts = folder / 'whole', folder / 'parts'
    for each in (whole, parts):
        each.mkdir()
    finish(start(whole, iterations), whole)
    result = Result(dict(writing=0, starting=0, training=0))
    while sum(result.kills.values()) < kills or result.kills['writing'] < while_writing:
        wanted = ['training', 'starting'][int(rng.random() < 0.25)]
        if result.kills['writing'] < while_writing and rng.random() < 0.5:
            wanted = 'writing'
        moment = kill_once(parts, iterations, wanted, rng)
        if moment is None:
            raise RuntimeError('the training ended before all kills; take more iterations')
        result.kills[moment] += 1
        result.unreadable += unreadable(parts)
    finish(start(parts, iterations), parts)
    result.unreadable += unreadable(parts)
    compare(result, whole, parts)
    return result


def compare(result: Result, whole: Path, parts: Path) -> None:
    """Fill in the losses, weights and files of the two trainings."""
    alone = dict(losses_in(whole))
    for iteration, loss in losses_in(parts):
        result.losses += 1
        difference = abs(loss - alone[iteration])
        result.largest_difference = max(result.largest_difference, difference)
    if dict(losses_in(parts)).keys() != alone.keys():
        result.largest_difference = float('inf')
    states = [read_checkpoint(latest_checkpoint(each)) for each in (whole, parts)]
    result.weights_equal = all(
        torch.equal(value, states[1][part][key])
        for part in ('state_dict', 'ema_state_dict')
        for key, value in states[0][part].items()
    )
    names = {path.name for path in whole.glob('*.pth')}
    for path in [*parts.glob('*.pth'), *parts.glob('.*')]:
        if path.name not in names:
            result.surplus.append(path.name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--kills', type=int, default=20)
    parser.add_argument('--while-writing', type=int, default=5)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        result = attack(Path(folder), args.kills, args.while_writing, args.seed)
    moments = ', '.join(f'{count} while {moment}' for moment, count in result.kills.items())
    lines = [
        f'kills: {sum(result.kills.values())} ({moments})',
        f'unreadable files: {len(result.unreadable)} {result.unreadable or ""}',
        f'files too many: {len(result.surplus)} {result.surplus or ""}',
        f'losses: {result.losses} compared, largest difference {result.largest_difference:.3g}',
        f'last weights and averages equal bit for bit: {result.weights_equal}',
        f'{"passed" if result.passed else "FAILED"} in {time.monotonic() - begin:.0f} s',
    ]
    sys.stdout.write('\n'.join(lines) + '\n')
    return 0 if result.passed else 1


if __name__ == '__main__':
    sys.exit(main())
