"""Does a long run grow? Many pictures in a row, many iterations, and one very large picture.

    python -m tests.attack.endurance [--files 500] [--iterations 1000] [--megapixels 100]

Each measurement runs in a process of its own. It prints the memory (resident, MiB) and the open
files after a first part of the run and at its end. The exit status is 1 when the memory grew by
more than 5 percent, when a file stayed open, or when the large picture took more than 4 GiB.
"""

import argparse
import os
import resource
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from mmengine.hooks import Hook

from restorelab.apis import RestoreModel, load
from restorelab.apis.training import train
from restorelab.io.images import read_image, write_image
from restorelab.registry import HOOKS
from tests.apis.tiny import tiny_restorer
from tests.engine.toys import toy_config

SIDE = 48  # pixels of a small picture
GROWTH = 1.05
LARGEST = 4096  # MiB
State = tuple[float, int]  # MiB, open files


def state() -> State:
    pages = int(Path('/proc/self/statm').read_text().split()[1])
    return pages * resource.getpagesize() / 2**20, len(os.listdir('/proc/self/fd'))


def peak() -> float:
    """MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def restore_small(count: int, folder: Path) -> list[State]:
    """Restore ``count`` pictures. The states after a tenth of them and at the end."""
    rng = np.random.default_rng(0)
    path, result = folder / 'small.png', folder / 'result.png'
    write_image(path, rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8))
    model, states = load(), []
    for number in range(1, count + 1):
        write_image(result, model(read_image(path)))
        if number in (max(1, count // 10), count):
            states.append(state())
    return states


@HOOKS.register_module()
class StateHook(Hook):
    """Keeps the state of the process after some iterations."""

    states: list[State] = []

    def __init__(self, after: list[int]):
        self.after = after

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if runner.iter + 1 in self.after:
            self.states.append(state())


def train_long(count: int, folder: Path) -> list[State]:
    """Train a toy for ``count`` iterations. The states after a tenth and at the end."""
    config = toy_config(folder, count)
    hook = dict(type='StateHook', after=[max(1, count // 10), count])
    config.custom_hooks = [*config.get('custom_hooks', []), hook]
    train(config)
    return StateHook.states


def restore_large(megapixels: int, folder: Path) -> float:
    """Restore one picture with a small network. Its peak of memory in MiB."""
    side = round((megapixels * 1e6) ** 0.5)
    rows = np.arange(side, dtype=np.uint8)
    picture = np.empty((side, side, 3), np.uint8)
    picture[:] = (rows[:, None] ^ rows)[..., None]
    path = folder / 'large.png'
    write_image(path, picture)
    del picture
    write_image(folder / 'result.png', RestoreModel(tiny_restorer(steps=1))(read_image(path)))
    return peak()


def apart(measure: Callable, *args) -> object:
    """``measure(*args)`` in a new process."""
    with ProcessPoolExecutor(1, mp_context=get_context('spawn')) as pool:
        return pool.submit(measure, *args).result()


def grows(title: str, states: list[State]) -> bool:
    (before, opened), (after, left) = states
    sys.stdout.write(
        f'{title:32} memory {before:7.0f} -> {after:7.0f} MiB   files {opened} -> {left}\n'
    )
    sys.stdout.flush()
    return after > GROWTH * before or left > opened


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--files', type=int, default=500)
    parser.add_argument('--iterations', type=int, default=1000)
    parser.add_argument('--megapixels', type=int, default=100)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        failed = grows(f'{args.files} pictures', apart(restore_small, args.files, folder))
        work_dir = folder / 'training'
        failed |= grows(
            f'{args.iterations} iterations', apart(train_long, args.iterations, work_dir)
        )
        most = apart(restore_large, args.megapixels, folder)
        sys.stdout.write(f'{f"{args.megapixels} megapixels":32} memory at most {most:7.0f} MiB\n')
    return 1 if failed or most > LARGEST else 0


if __name__ == '__main__':
    raise SystemExit(main())
