"""Restore files, folders and globs. ``tools/restore.py`` calls this."""

import errno
import os
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from tqdm import tqdm

from restorelab.apis.inference import Loading, RestoreModel
from restorelab.apis.jobs import Job, Plan, plan_jobs
from restorelab.apis.pipeline import (
    Read,
    Writer,
    in_groups,
    is_out_of_memory,
    read_ahead,
    restore_frames,
    restore_together,
    write_result,
)
from restorelab.apis.ranks import Ranks, joined_ranks
from restorelab.apis.records import (
    FAILED,
    NO_PICTURE,
    RESTORED,
    THERE,
    Journal,
    Record,
    check_report,
    summary,
    write_report,
)
from restorelab.apis.scoring import References
from restorelab.apis.video import restore_video
from restorelab.apis.wishes import Wishes
from restorelab.io.images import ImageReadError
from restorelab.io.photo_files import Frames
from restorelab.io.video import VideoReadError
from restorelab.utils.files import remove_abandoned
from restorelab.utils.results import ResultError
from restorelab.utils.stop_signals import StoppedBySignal, stop_signals

# Write errors after which no other picture can be written either.
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def restore_files(
    source: str,
    output: str,
    loading: Loading | None = None,
    wishes: Wishes | None = None,
    existing: str = 'refuse',
    panel: bool = False,
    report: str | os.PathLike | None = None,
    reference: str | os.PathLike | None = None,
    launcher: str = 'auto',
) -> int:
    """Restore every picture and video of ``source`` into ``output``.

    A result has the relative name of its input. It also has its extension, or ``.png`` where
    pictures are not written with that extension (camera raw: ``.tif``). It keeps what stood beside
    the pixels; what it cannot keep is named. A file that cannot be read, a result that cannot be
    written and a picture too large for the memory are named at the end and do not stop the run. All
    other errors are found before the first file is restored.

    Processes that torchrun or Slurm started share the files. One plans, all restore, and one
    summary and one report come out.

    Args:
        source: a file, a folder with its subfolders, or a glob (``**`` goes into folders).
        output: a file when ``source`` is a file and ``output`` has an extension; otherwise a
            folder, made when missing.
        loading: of the model (default: the default model on the best device).
        wishes: what is asked for each picture (default: all that the model can do).
        existing: what becomes of results that are there: ``refuse`` them before anything is done,
            ``overwrite`` them, or ``skip`` their inputs, as after an interruption: a result is
            written whole or not at all. Its options are not compared. An input is never replaced.
        panel: write ``<name>_panel.png``, degraded beside restored, next to each picture.
        report: a ``.json`` or ``.csv`` file that lists every file, what was found in it, the
            seconds, and scores where there is a reference. An earlier report is replaced.
        reference: folder of clean pictures with the relative names of the inputs, in any format.
        launcher: see ``joined_ranks``.
    Returns: 0, or 1 when a file failed.
    Raises:
        FileNotFoundError: no picture is found.
        TypeError, ValueError: ``source`` or ``output`` is no name of a file.
        ValueError: a result would replace an input, two results would have one name.
        FileExistsError: a result exists.
        OSError: the output cannot be written, or the disk is full; earlier results stay.
        KeyError, ValueError: the model cannot do what is wished.
        StoppedBySignal: after SIGTERM or Ctrl-C; a SystemExit with the code 143 or 130.
    """
    loading = Loading() if loading is None else loading
    wishes = Wishes() if wishes is None else wishes
    report = check_report(report)
    references = References(reference)
    with joined_ranks(launcher) as ranks:

        def decide() -> tuple[Plan, list[Job], dict[str, Record]]:
            plan = plan_jobs(source, output, panel, existing)
            for folder in sorted({job.result.parent for job in plan.jobs}):
                remove_abandoned(folder)
            left = [job for job in plan.jobs if existing != 'skip' or not job.is_done()]
            return plan, left, Journal.earlier(report)

        plan, left, earlier = ranks.decide_once(decide)
        journal, about = Journal(report, ranks.rank), {}
        if left:
            restorer = replace(loading, device=ranks.device(loading.device)).load()
            restorer.check_options(**asdict(wishes))
            dtype = str(restorer.dtype).removeprefix('torch.')
            about = dict(model=restorer.name, dtype=dtype, wishes=asdict(wishes))
            with _stopped_cleanly(output):
                run = Run(restorer, wishes, existing == 'overwrite', journal, references, plan.root)
                run.restore(ranks.share(left), ranks)
        parts = ranks.gather(journal.records)
        if parts is None:
            return 0
        done = {record.path: record for part in parts for record in part}
        records = _all_records(plan, done, earlier)
        if report is not None:
            write_report(report, records, about)
        _say(records, output, about)
        return 1 if any(record.status == FAILED for record in records) else 0


class Run:
    """The share of one process."""

    def __init__(
        self,
        restorer: RestoreModel,
        wishes: Wishes,
        overwrite: bool,
        journal: Journal,
        references: References,
        root: Path,
    ):
        self.restorer, self.wishes, self.overwrite = restorer, wishes, overwrite
        self.journal, self.references, self.root = journal, references, root

    def restore(self, jobs: list[Job], ranks: Ranks) -> None:
        """Raises: OSError when the disk is full."""
        title = 'restoring' if ranks.count == 1 else f'restoring (1 of {ranks.count} processes)'
        with (
            Writer() as writer,
            tqdm(desc=title, unit='file', total=len(jobs), disable=ranks.rank != 0) as bar,
        ):
            for group in in_groups(read_ahead(jobs)):
                self._restore_group(group, writer, ranks.rank == 0)
                bar.update(len(group))
            writer.finish()

    def _restore_group(self, group: list[Read], writer: Writer, progress: bool) -> None:
        together, since = [None] * len(group), time.perf_counter()
        if len(group) > 1:
            photos = [read.frames.photos[0] for read in group]
            try:
                together = restore_together(self.restorer, photos, self.wishes)
            except (ResultError, MemoryError, RuntimeError) as error:
                if not isinstance(error, ResultError) and not is_out_of_memory(error):
                    raise
                since = time.perf_counter()  # each alone, so that one is named
        share = (time.perf_counter() - since) / len(group)
        for read, photo in zip(group, together, strict=True):
            restored = None if photo is None else Frames([photo])
            self._restore_one(read, restored, share, writer, progress)

    def _restore_one(
        self, read: Read, restored: Frames | None, seconds: float, writer: Writer, progress: bool
    ) -> None:
        """Restore one file, unless that is done, and have it written.

        Args:
            restored: the result, where it came about together with others, in ``seconds``.
        """
        job, since = read.job, time.perf_counter()
        record = Record(str(job.path), RESTORED, str(job.result))
        try:
            if read.error is not None:
                raise read.error
            if job.is_video:
                self._restore_video(job, record)
                record.seconds = round(time.perf_counter() - since, 3)
                self.journal.add(record)
                return
            self._describe(read.frames, record)
            if restored is None:
                restored = restore_frames(
                    self.restorer, read.frames, self.wishes, str(job.path), progress
                )
        except Exception as error:
            self._fail(record, error)
            return
        record.seconds = read.seconds + seconds + time.perf_counter() - since

        def write() -> None:
            since = time.perf_counter()
            record.lost = list(write_result(job, read.frames, restored, self.overwrite))
            self._score(job, read.frames, restored, record)
            record.seconds = round(record.seconds + time.perf_counter() - since, 3)

        def settle(written: Future) -> None:
            error = written.exception()
            if error is not None:
                self._fail(record, error)
            else:
                self.journal.add(record)

        writer.submit(write, settle)

    def _describe(self, frames: Frames, record: Record) -> None:
        first = frames.photos[0]
        record.height, record.width = first.samples.shape[:2]
        record.frames = len(frames.photos)
        if self.journal.report is not None and self.restorer.kinds:
            found = self.restorer.inspect(first)
            record.found = {kind: round(strength, 3) for kind, strength in found.items()}

    def _restore_video(self, job: Job, record: Record) -> None:
        told = restore_video(
            self.restorer, job.path, job.result, asdict(self.wishes), self.overwrite
        )
        record.frames, record.lost = told.frames, list(told.lost)

    def _score(self, job: Job, frames: Frames, restored: Frames, record: Record) -> None:
        name = job.path.relative_to(self.root)
        try:
            record.scores = self.references.score(name, frames.photos[0], restored.photos[0])
        except ImageReadError as error:  # of the clean picture; the result is good
            record.reason = str(error)

    def _fail(self, record: Record, error: BaseException) -> None:
        """Note why one file failed. Raises: ``error`` when it is no fault of this file."""
        if isinstance(error, OSError) and error.errno in DISK_ERRORS:
            raise OSError(
                f'{error}. Stopped; every result that is there is whole. Make room, and go on with '
                '--skip-existing'
            ) from error
        is_of_file = isinstance(error, ImageReadError | VideoReadError | ResultError | OSError)
        if not is_of_file and not (isinstance(error, Exception) and is_out_of_memory(error)):
            raise error
        record.status, record.reason, record.result = FAILED, str(error) or 'out of memory', ''
        if record.path not in record.reason:
            record.reason = f'{record.path}: {record.reason}'
        self.journal.add(record)


@contextmanager
def _stopped_cleanly(output: str) -> Iterator[None]:
    """Let SIGTERM and Ctrl-C end the run; results are written whole or not at all."""
    with stop_signals():
        try:
            yield
        except StoppedBySignal as stop:
            tqdm.write(
                f'stopped by {stop.name}: every result in {output} is whole; --skip-existing '
                'restores the rest'
            )
            raise


def _all_records(plan: Plan, done: dict[str, Record], earlier: dict[str, Record]) -> list[Record]:
    """One record for each file of the plan, in the order of their names."""
    records = {}
    for job in plan.jobs:
        path = str(job.path)
        if path in done:
            records[path] = done[path]
            continue
        known = earlier.get(path)
        if known is None or known.status not in (RESTORED, THERE):
            known = Record(path, THERE, str(job.result))
        known.status = THERE
        records[path] = known
    for path, reason in plan.unreadable.items():
        records[str(path)] = Record(str(path), FAILED, reason=f'{path}: {reason}')
    for path in plan.no_pictures:
        records[str(path)] = Record(str(path), NO_PICTURE)
    return [records[path] for path in sorted(records)]


def _say(records: list[Record], output: str, about: dict) -> None:
    """The summary, what could not be kept, and a line for each file that failed."""
    how = f' in {about["dtype"]}' if about else ''
    tqdm.write(f'{summary(records)}; results{how} in {output}')
    lost: dict[str, list[str]] = {}
    for record in records:
        for phrase in record.lost:
            lost.setdefault(phrase, []).append(record.path)
    if lost:
        tqdm.write('not kept:')
    for phrase, paths in lost.items():
        more = f' and {len(paths) - 1} more' if len(paths) > 1 else ''
        tqdm.write(f'  {phrase}: {paths[0]}{more}')
    failed = [record.reason for record in records if record.status == FAILED]
    if failed:
        tqdm.write('\n  '.join(['failed:', *failed]))
