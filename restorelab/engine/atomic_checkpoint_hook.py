"""Checkpoints of which at least one is valid at any moment."""

import re
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook

from restorelab.registry import HOOKS
from restorelab.utils.files import atomic_path


class AtomicBackend(LocalBackend):
    """Local files, written whole or not at all."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        with atomic_path(filepath) as temporary:
            temporary.write_bytes(obj)

    def remove(self, filepath: str | Path) -> None:
        """Nothing: MMEngine asks for it when a training starts, and our hook decides then."""


class LateRemovalBackend(LocalBackend):
    """Local files; removed ones stay on disk until ``remove_pending``."""

    def __init__(self):
        super().__init__()
        self.pending: list[str] = []

    def remove(self, filepath: str | Path) -> None:
        self.pending.append(str(filepath))

    def remove_pending(self, keep: set[str]) -> None:
        for path in set(self.pending) - keep:
            Path(path).unlink(missing_ok=True)
        self.pending.clear()


register_backend('atomic', AtomicBackend, force=True)


def latest_checkpoint(work_dir: str | Path) -> str | None:
    """The checkpoint that ``work_dir`` was left with, or None.

    The file ``last_checkpoint`` names it. Where that file was cut off by a kill, it is the one with
    the highest iteration.
    """
    record = Path(work_dir) / 'last_checkpoint'
    if record.is_file():
        name = Path(record.read_text().strip()).name  # without its folder, which may have moved
        named = Path(work_dir) / name
        if named.is_file():
            return str(named)
    numbered = numbered_checkpoints(work_dir)
    return str(numbered[max(numbered)]) if numbered else None


def numbered_checkpoints(folder: str | Path) -> dict[int, Path]:
    """The files ``iter_N.pth`` of a folder by N."""
    numbered = {}
    for path in Path(folder).glob('iter_*.pth'):
        match = re.fullmatch(r'iter_(\d+)\.pth', path.name)
        if match:
            numbered[int(match.group(1))] = path
    return numbered


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """MMEngine's CheckpointHook by iteration, safe against a kill and a full disk.

    A file appears under its name only when it is whole. An old one is removed only after the new
    one is there; MMEngine removes it before. What a killed training left, unfinished files and
    checkpoints beyond ``max_keep_ckpts``, goes at the next start and at each checkpoint. Those of
    later iterations stay: they are of another training. The options are CheckpointHook's of the
    same name.
    Raises: OSError that names the last good checkpoint when a new one cannot be written.
    """

    def __init__(
        self,
        interval: int = 1000,
        max_keep_ckpts: int = 3,
        save_best: str | list[str] | None = None,
        rule: str | list[str] | None = None,
        save_last: bool = True,
    ):
        self.best_ckpt_path: str | None = None  # MMEngine sets one of the two with save_best
        self.best_ckpt_path_dict: dict[str, str] = {}
        super().__init__(
            interval=interval,
            by_epoch=False,
            max_keep_ckpts=max_keep_ckpts,
            save_best=save_best,
            rule=rule,
            save_last=save_last,
            backend_args=dict(backend='atomic'),
        )

    def before_train(self, runner) -> None:
        super().before_train(runner)
        self.file_backend = LateRemovalBackend()
        if is_main_process():
            # left by a training that was killed while it wrote
            for unfinished in Path(self.out_dir).glob('.*.tmp.pth'):
                unfinished.unlink()
            self._remove_surplus(runner.iter)

    def save_now(self, runner, finished: int) -> str:
        """Save the training after its iteration ``finished``, unless that was just done.

        Returns: the path of the checkpoint.
        """
        path = Path(self.out_dir) / self.filename_tmpl.format(finished)
        if self.last_ckpt != str(path):
            meta = dict(epoch=runner.epoch, iter=finished)
            self._save_checkpoint_with_step(runner, finished, meta)
        return str(path)

    def _save_checkpoint_with_step(self, runner, step: int, meta: dict) -> None:
        self._save(runner, super()._save_checkpoint_with_step, step, meta)

    def _save_best_checkpoint(self, runner, metrics: dict) -> None:
        self._save(runner, super()._save_best_checkpoint, metrics)

    def _save(self, runner, save, *args) -> None:
        try:
            save(runner, *args)
        except OSError as error:
            good = latest_checkpoint(runner.work_dir)
            raise OSError(
                error.errno,
                f'a checkpoint could not be written to {self.out_dir} ({error.strerror}); '
                f'the last good one is {good or "none"}. Make room, then go on with --resume',
            ) from error
        best = {self.best_ckpt_path, *self.best_ckpt_path_dict.values()}
        self.file_backend.remove_pending(keep={self.last_ckpt, *best})
        if is_main_process():
            self._remove_surplus(runner.iter + 1)

    def _remove_surplus(self, iteration: int) -> None:
        """Remove checkpoints up to ``iteration`` beyond the newest ``max_keep_ckpts`` of them."""
        if self.max_keep_ckpts <= 0:
            return
        numbered = numbered_checkpoints(self.out_dir)
        reached = sorted(number for number in numbered if number <= iteration)
        last = latest_checkpoint(self.out_dir)
        for number in reached[: -self.max_keep_ckpts]:
            if str(numbered[number]) != last:
                numbered[number].unlink()
