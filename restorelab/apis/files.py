"""Restore files, folders and globs. ``tools/restore.py`` calls this."""

import errno
import glob
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import torch
from tqdm import tqdm

from restorelab.apis.inference import RestoreModel, check_task, load
from restorelab.apis.steering import Steering
from restorelab.io.images import (
    READ_EXTENSIONS,
    WRITE_OPTIONS,
    ImageReadError,
    check_write_extension,
    find_image_files,
    read_image,
    write_image,
)
from restorelab.utils.files import fault_of_file
from restorelab.utils.results import ResultError
from restorelab.utils.sources import check_name
from restorelab.utils.stop_signals import StoppedBySignal, stop_signals

_SHOWN = 5
# Write errors after which no other picture can be written either.
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class Job(NamedTuple):
    """One picture to restore; ``panel`` is None where none is wanted."""

    path: Path
    result: Path
    panel: Path | None

    @property
    def outputs(self) -> list[Path]:
        return [self.result] if self.panel is None else [self.result, self.panel]

    def is_done(self) -> bool:
        return all(path.exists() for path in self.outputs)


def restore_files(
    source: str,
    output: str,
    model: str | None = None,
    checkpoint: str | None = None,
    tile: int | None = None,
    steps: int | None = None,
    panel: bool = False,
    seed: int = 0,
    device: str | None = None,
    overwrite: bool = False,
    equalize: bool = False,
    task: str | None = None,
    resume: bool = False,
    trust: bool = False,
    strength: float = 1.0,
    only: Sequence[str] | None = None,
    excepted: Sequence[str] = (),
    dtype: str = 'auto',
) -> int:
    """Restore every image of ``source`` into ``output``.

    A result has the relative name of its input. It also has its extension, or ``.png`` where images
    are not written with that extension. Files that cannot be read, results that cannot be written
    and images too large for the memory are skipped and named at the end. All other errors are found
    before the first image is restored.

    Args:
        source: an image file, a folder with its subfolders, or a glob (``**`` goes into folders).
        output: a file when ``source`` is a file and ``output`` has an extension; otherwise a
            folder, made when missing.
        model, checkpoint, device, trust, dtype: as in ``load``.
        tile, steps, seed, equalize, task, strength, only, excepted: as in ``RestoreModel``.
        panel: write ``<name>_panel.png``, degraded beside restored, next to each result.
        overwrite: replace earlier results. An input is never replaced.
        resume: keep earlier results and restore the rest, after an interruption. A result is
            written whole or not at all. Its options are not compared.
    Returns: 0, or 1 when a file was skipped.
    Raises:
        FileNotFoundError: no image is found.
        TypeError, ValueError: ``source`` or ``output`` is no name of a file.
        ValueError: a result would replace an input, two results would have one name, or both
            ``overwrite`` and ``resume`` are given.
        FileExistsError: a result exists.
        OSError: the output cannot be written, or the disk is full; earlier results stay.
        KeyError: for an unknown task.
        StoppedBySignal: after SIGTERM or Ctrl-C; a SystemExit with the code 143 or 130.
    """
    jobs, skipped = _plan_jobs(source, output, panel, overwrite, resume)
    left = jobs
    if resume:
        left = [job for job in jobs if not job.is_done()]
    failures, how = [], ''
    if left:
        with _stopped_cleanly(output):
            restorer = load(model, checkpoint, device, trust, dtype)
            check_task(restorer.model.image_restorer(), task)
            Steering(strength, only, excepted).check(restorer.model.image_restorer())
            options = dict(tile=tile, steps=steps, seed=seed, equalize=equalize, task=task)
            options |= dict(strength=strength, only=only, excepted=excepted)
            failures = _restore_all(restorer, left, overwrite, options)
            how = f' in {str(restorer.dtype).removeprefix("torch.")}'
    there = f'; {len(jobs) - len(left)} were there' if len(left) < len(jobs) else ''
    restored = len(left) - len(failures)
    tqdm.write(f'{restored} of {len(jobs)} images restored{how} into {output}{there}')
    skipped = [*failures, *skipped]
    if skipped:
        tqdm.write('\n  '.join(['skipped:', *skipped]))
    return 1 if skipped else 0


def _plan_jobs(
    source: str, output: str, panel: bool, overwrite: bool, resume: bool
) -> tuple[list[Job], list[str]]:
    """All jobs, and what is skipped with the reason. All checks of names and folders are here."""
    for name, value in dict(source=source, output=output).items():
        check_name(name, value)
    if overwrite and resume:
        raise ValueError('overwrite replaces earlier results and resume keeps them: choose one')
    pairs, skipped = plan(source, output)
    jobs = [Job(path, result, _panel_of(result) if panel else None) for path, result in pairs]
    outputs = [path for job in jobs for path in job.outputs]
    check_results([job.path for job in jobs], outputs, overwrite, resume)
    for folder in sorted({job.result.parent for job in jobs}):
        _check_writable(folder)
    return jobs, skipped


@contextmanager
def _stopped_cleanly(output: str) -> Iterator[None]:
    """Let SIGTERM and Ctrl-C end the run between two files."""
    with stop_signals():
        try:
            yield
        except StoppedBySignal as stop:
            tqdm.write(
                f'stopped by {stop.name}: every result in {output} is whole; --resume restores '
                'the rest'
            )
            raise


def _panel_of(result: Path) -> Path:
    return result.with_name(f'{result.stem}_panel.png')


def _restore_all(
    restorer: RestoreModel, jobs: list[Job], overwrite: bool, options: dict
) -> list[str]:
    """Restore all pictures. Returns: one line for each that was skipped.

    Raises: OSError when the disk is full.
    """
    failures = []
    for number, job in enumerate(tqdm(jobs, desc='restoring', unit='image')):
        try:
            _restore_file(restorer, job, overwrite, options)
        except (ImageReadError, ResultError) as error:
            failures.append(str(error))
        except OSError as error:
            if error.errno in DISK_ERRORS:
                raise _disk_error(error, number - len(failures), len(jobs)) from error
            failures.append(str(error))
        except (MemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
            failures.append(f'{job.path}: not enough memory; a smaller tile (--tile) needs less')
    return failures


def _disk_error(error: OSError, done: int, number: int) -> OSError:
    return OSError(
        f'{error}. Stopped after {done} of {number} images, which are whole; make room, and go on '
        'with resume (--resume)'
    )


def _is_out_of_memory(error: Exception) -> bool:
    """Whether it is what PyTorch or Python raise then. PyTorch's CPU has no class of its own."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return "can't allocate memory" in str(error) or 'not enough memory' in str(error)


def _restore_file(restorer: RestoreModel, job: Job, overwrite: bool, options: dict) -> None:
    image = read_image(job.path)
    try:
        restored = restorer(image, progress=True, **options)
    except ResultError as error:
        raise ResultError(str(error).replace('the picture', str(job.path), 1)) from error
    if overwrite or not job.result.exists():
        write_image(job.result, restored)
    if job.panel is not None and (overwrite or not job.panel.exists()):
        from restorelab.io.panels import compare

        write_image(job.panel, compare(image, restored))


def plan(source: str, output: str) -> tuple[list[tuple[Path, Path]], list[str]]:
    """(input, result) of every image that ``source`` names, and what is skipped, with the reason.

    Raises: FileNotFoundError when there is none; ImageReadError for a FIFO, a device, a broken link
        or a loop of links.
    """
    if os.path.lexists(source) and not os.path.isdir(source):
        fault = fault_of_file(source)
        if fault is not None:
            raise ImageReadError(f'{source}: {fault}')
        result = Path(output)
        if result.suffix and not result.is_dir():
            check_write_extension(result)
        else:
            result = result / _result_name(Path(source).name)
        return [(Path(source), result)], []
    root, inputs, skipped = _find_images(source, Path(output))
    if not inputs:
        raise FileNotFoundError(
            f'{source}: no image found; wanted an image file, a folder with images '
            f"({', '.join(READ_EXTENSIONS)}), or a glob in quotes such as 'photos/**/*.jpg'"
            + ''.join(f'\n  skipped: {each}' for each in skipped[:_SHOWN])
        )
    pairs = [(path, Path(output) / _result_name(path.relative_to(root))) for path in inputs]
    return pairs, skipped


def _find_images(source: str, output: Path) -> tuple[Path, list[Path], list[str]]:
    """The folder that names are relative to, the images, and what is skipped.

    Earlier results below the folder are no images of it.
    """
    if os.path.isdir(source):
        root = Path(source)
        found, skipped = find_image_files(root)
    else:
        root = Path()
        for part in Path(source).parts:
            if glob.has_magic(part):
                break
            root = root / part
        found, skipped = _matches(source)
    results = os.path.realpath(output)
    if results != os.path.realpath(root):
        found = [path for path in found if not _is_below(path, results)]
    return root, found, skipped


def _matches(pattern: str) -> tuple[list[Path], list[str]]:
    """The files that a glob names, and the others with the name of an image, with the reason."""
    found, skipped = [], []
    for name in sorted(glob.glob(pattern, recursive=True)):
        path, fault = Path(name), fault_of_file(name)
        if fault is None:
            found.append(path)
        elif path.suffix.lower() in READ_EXTENSIONS:
            skipped.append(f'{path}: {fault}')
    return found, skipped


def _is_below(path: Path, folder: str) -> bool:
    return os.path.realpath(path).startswith(os.path.join(folder, ''))


def _result_name(name: str | Path) -> Path:
    name = Path(name)
    return name if name.suffix.lower() in WRITE_OPTIONS else name.with_suffix('.png')


def check_results(
    inputs: list[Path], results: list[Path], overwrite: bool, resume: bool = False
) -> None:
    """Check the names of all results before anything is written.

    Raises:
        ValueError: two results have one name, or a result is an input.
        FileExistsError: a result exists, and neither ``overwrite`` nor ``resume`` is true; or it
            is no file.
    """
    twice = [name for name, count in Counter(map(str, results)).items() if count > 1]
    if twice:
        raise ValueError(
            f'several inputs would be written to {_short(twice)}; rename them or restore them '
            'separately'
        )
    read = {_identity(path) for path in inputs}
    existing = [path for path in results if path.exists()]
    replaced = [str(path) for path in existing if _identity(path) in read]
    if replaced:
        raise ValueError(
            f'the output {_short(replaced)} is an input; an input is never overwritten, choose '
            'another output'
        )
    strange = [str(path) for path in existing if not path.is_file()]
    if strange:
        raise FileExistsError(f'{_short(strange)}: is no file; choose another output')
    if existing and not overwrite and not resume:
        raise FileExistsError(
            f'{_short(map(str, existing))}: exists already; choose another output, pass overwrite '
            '(--overwrite), or resume (--resume) to restore only what has no result yet'
        )


def _identity(path: Path) -> tuple[int, int]:
    """The device and inode of a file: equal for two names of one file, also through links."""
    status = path.stat()
    return status.st_dev, status.st_ino


def _check_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(f'{folder}: cannot write there ({error.strerror or error})') from error


def _short(names) -> str:
    names = list(names)
    more = f' and {len(names) - _SHOWN} more' if len(names) > _SHOWN else ''
    return ', '.join(names[:_SHOWN]) + more
