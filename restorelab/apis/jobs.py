"""Which files a run restores, and into what. Every file of the input is counted."""

import glob
import os
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from restorelab.apis.video import VIDEO_EXTENSIONS, check_video
from restorelab.io.images import ImageReadError
from restorelab.io.photo_files import (
    NEEDED_EXTRAS,
    PHOTO_READ_EXTENSIONS,
    check_photo_extension,
    result_extension,
)
from restorelab.io.video import VideoReadError
from restorelab.io.video_writing import FORMATS as VIDEO_WRITE_EXTENSIONS
from restorelab.utils.files import fault_of_file, is_temporary
from restorelab.utils.sources import check_name

# What may be done with results that are there already.
EXISTING = ('refuse', 'overwrite', 'skip')
_SHOWN = 5


class Job(NamedTuple):
    """One file to restore; ``panel`` is None where none is wanted."""

    path: Path
    result: Path
    panel: Path | None = None

    @property
    def outputs(self) -> list[Path]:
        return [self.result] if self.panel is None else [self.result, self.panel]

    @property
    def is_video(self) -> bool:
        return self.path.suffix.lower() in VIDEO_EXTENSIONS

    def is_done(self) -> bool:
        return all(path.exists() for path in self.outputs)


@dataclass
class Plan:
    """All files of the input.

    Attributes:
        jobs: those to restore, in the order of their names.
        unreadable: those with the name of a picture that cannot be read, with the reason.
        no_pictures: the others.
        root: the folder that names are relative to.
    """

    root: Path
    jobs: list[Job] = field(default_factory=list)
    unreadable: dict[Path, str] = field(default_factory=dict)
    no_pictures: list[Path] = field(default_factory=list)


def plan_jobs(source: str, output: str, panel: bool = False, existing: str = 'refuse') -> Plan:
    """The plan of a run. All checks of names and folders are here; folders are made at the end.

    Args:
        source: a file, a folder with its subfolders, or a glob (``**`` goes into folders).
        output: a file when ``source`` is a file and ``output`` has an extension; else a folder.
        panel: whether each picture gets a panel beside its result.
        existing: ``refuse``, ``overwrite`` or ``skip`` results that are there already.
    Raises: as ``restore_files``.
    """
    for name, value in dict(source=source, output=output).items():
        check_name(name, value)
    if existing not in EXISTING:
        raise ValueError(f'existing is {existing!r}; choose one of {list(EXISTING)}')
    plan = find(source, output)
    _check_videos(plan, existing, is_alone=os.path.isfile(source))
    if panel:
        plan.jobs = [_with_panel(job) for job in plan.jobs]
    outputs = [path for job in plan.jobs for path in job.outputs]
    check_results([job.path for job in plan.jobs], outputs, existing)
    for folder in sorted({job.result.parent for job in plan.jobs}):
        _check_writable(folder)
    return plan


def _check_videos(plan: Plan, existing: str, is_alone: bool) -> None:
    """Move videos that cannot be restored to ``plan.unreadable``; the only one raises."""
    for job in [job for job in plan.jobs if job.is_video]:
        if existing == 'skip' and job.is_done():
            continue
        try:
            check_video(job.path, job.result, overwrite=existing == 'overwrite')
        except (ImportError, VideoReadError) as error:
            if is_alone:
                raise
            plan.jobs.remove(job)
            plan.unreadable[job.path] = str(error).removeprefix(f'{job.path}: ')


def _with_panel(job: Job) -> Job:
    if job.is_video:
        return job
    return job._replace(panel=job.result.with_name(f'{job.result.stem}_panel.png'))


def find(source: str, output: str) -> Plan:
    """The files that ``source`` names, and their results in ``output``. Nothing is written.

    Raises: FileNotFoundError when there is no picture; ImageReadError for a FIFO, a device, a
        broken link or a loop of links.
    """
    if os.path.lexists(source) and not os.path.isdir(source):
        return _find_one(Path(source), Path(output))
    if os.path.isdir(source):
        plan = Plan(Path(source))
        found = sorted(plan.root.rglob('*'))
    else:
        plan = Plan(_fixed_part(source))
        found = [Path(name) for name in sorted(glob.glob(source, recursive=True))]
    results = os.path.realpath(output)
    is_beside = results != os.path.realpath(plan.root)
    for path in found:
        # earlier results below the folder are no pictures of it
        if not is_temporary(path) and not (is_beside and _is_below(path, results)):
            _add(plan, path, Path(output), is_named=not os.path.isdir(source))
    if not plan.jobs:
        is_there = glob.has_magic(source) or os.path.exists(source)
        raise FileNotFoundError(
            f'{source}: no image found; wanted an image file, a folder with images '
            f"({', '.join(PHOTO_READ_EXTENSIONS)}), or a glob in quotes such as 'photos/**/*.jpg'"
            + ('' if is_there else '. No file or folder has this name')
            + ''.join(
                f'\n  skipped: {path}: {reason}'
                for path, reason in list(plan.unreadable.items())[:_SHOWN]
            )
        )
    return plan


def _find_one(path: Path, output: Path) -> Plan:
    fault = fault_of_file(path) or NEEDED_EXTRAS.get(path.suffix.lower())
    if fault is not None:
        raise ImageReadError(f'{path}: {fault}')
    result = output
    if output.suffix and not output.is_dir():
        if path.suffix.lower() not in VIDEO_EXTENSIONS:
            check_photo_extension(output)
    else:
        result = output / _result_name(Path(path.name))
    return Plan(path.parent, [Job(path, result)])


def _fixed_part(pattern: str) -> Path:
    """The folder before the first part of a glob that matches several names."""
    root = Path()
    for part in Path(pattern).parts:
        if glob.has_magic(part):
            break
        root = root / part
    return root


def _add(plan: Plan, path: Path, output: Path, is_named: bool) -> None:
    """Put a file where it belongs; a folder goes nowhere, unless it has the name of a picture."""
    extension = path.suffix.lower()
    is_picture = extension in PHOTO_READ_EXTENSIONS or extension in VIDEO_EXTENSIONS
    fault = fault_of_file(path)
    if fault is None:
        fault = NEEDED_EXTRAS.get(extension)
        is_picture = is_picture or is_named or fault is not None
    elif not is_picture:
        if not path.is_dir():
            plan.no_pictures.append(path)
        return
    if not is_picture:
        plan.no_pictures.append(path)
    elif fault is not None:
        plan.unreadable[path] = fault
    else:
        plan.jobs.append(Job(path, output / _result_name(path.relative_to(plan.root))))


def _is_below(path: Path, folder: str) -> bool:
    return os.path.realpath(path).startswith(os.path.join(folder, ''))


def _result_name(name: Path) -> Path:
    if name.suffix.lower() in VIDEO_EXTENSIONS:
        is_written = name.suffix.lower() in VIDEO_WRITE_EXTENSIONS
        return name if is_written else name.with_suffix('.mkv')  # which holds any stream
    extension = result_extension(name)
    return name if name.suffix.lower() == extension else name.with_suffix(extension)


def check_results(inputs: list[Path], results: list[Path], existing: str) -> None:
    """Check the names of all results before anything is written.

    Raises:
        ValueError: two results have one name, or a result is an input.
        FileExistsError: a result exists and ``existing`` is ``refuse``; or it is no file.
    """
    twice = [name for name, count in Counter(map(str, results)).items() if count > 1]
    if twice:
        raise ValueError(
            f'several inputs would be written to {_short(twice)}; rename them or restore them '
            'separately'
        )
    read = {_identity(path) for path in inputs}
    there = [path for path in results if path.exists()]
    replaced = [str(path) for path in there if _identity(path) in read]
    if replaced:
        raise ValueError(
            f'the output {_short(replaced)} is an input; an input is never overwritten, choose '
            'another output'
        )
    strange = [str(path) for path in there if not path.is_file()]
    if strange:
        raise FileExistsError(f'{_short(strange)}: is no file; choose another output')
    if there and existing == 'refuse':
        raise FileExistsError(
            f'{_short(map(str, there))}: exists already; keep what is there and restore the rest '
            '(--skip-existing), replace it (--overwrite), or choose another output'
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
