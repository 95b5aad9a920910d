"""Files one after another: some are read ahead and one is written while the network works."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from restorelab.apis.inference import RestoreModel
from restorelab.apis.jobs import Job
from restorelab.apis.tiles import TILE
from restorelab.apis.wishes import Wishes
from restorelab.io.photo import Photo
from restorelab.io.photo_files import Frames, read_frames, write_frames

READERS = 2
# Files in memory that wait for the network, and results that wait for the disk.
AHEAD, BEHIND = 2, 2
# Small pictures of one size go through the network together, at most so many, which saves up to
# half of the time. More pixels than these keep the network busy alone.
TOGETHER, SMALL = 8, 256 * 256
# A picture too large for the memory is tried again in tiles of half the size, down to this.
LEAST_TILE = 96


@dataclass
class Read:
    """A file that was read, or why it could not be."""

    job: Job
    seconds: float
    frames: Frames | None = None
    error: Exception | None = None


def read_ahead(jobs: Iterable[Job]) -> Iterator[Read]:
    """The files of ``jobs`` in their order. ``READERS`` threads read the next ones meanwhile.

    A video is not read here: it is streamed.
    """
    waiting: deque[Future] = deque()
    with ThreadPoolExecutor(READERS, thread_name_prefix='reader') as readers:
        try:
            for job in jobs:
                waiting.append(readers.submit(_read, job))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _read(job: Job) -> Read:
    since = time.perf_counter()
    frames, error = None, None
    if not job.is_video:
        try:
            frames = read_frames(job.path)
        except Exception as caught:  # judged where the others are, in the main thread
            error = caught
    return Read(job, time.perf_counter() - since, frames, error)


def in_groups(reads: Iterable[Read]) -> Iterator[list[Read]]:
    """Neighboring small pictures of one size and type together, all others alone."""
    group: list[Read] = []
    for read in reads:
        kind = _kind_of_small(read)
        if group and (kind is None or kind != _kind_of_small(group[0])):
            yield group
            group = []
        group.append(read)
        if kind is None or len(group) == TOGETHER:
            yield group
            group = []
    if group:
        yield group


def _kind_of_small(read: Read) -> tuple | None:
    """Shape and type of a small picture; None for what goes through alone."""
    if read.frames is None or len(read.frames.photos) > 1:
        return None
    samples = read.frames.photos[0].samples
    height, width = samples.shape[:2]
    return (height, width, samples.dtype) if height * width <= SMALL else None


class Writer:
    """One thread that writes results while the network works on the next file."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix='writer')
        self._waiting: deque[tuple[Future, Callable]] = deque()

    def __enter__(self) -> 'Writer':
        return self

    def __exit__(self, kind, error, trace) -> None:
        # after an error what waits is written, too: it is done
        self._thread.shutdown(wait=True)

    def submit(self, write: Callable, then: Callable[[Future], None]) -> None:
        """Call ``write`` in the thread, and ``then`` with its future in this one, later."""
        self._waiting.append((self._thread.submit(write), then))
        while len(self._waiting) > BEHIND or (self._waiting and self._waiting[0][0].done()):
            self._settle()

    def finish(self) -> None:
        while self._waiting:
            self._settle()

    def _settle(self) -> None:
        future, then = self._waiting.popleft()
        then(future)


def restore_frames(
    restorer: RestoreModel, frames: Frames, wishes: Wishes, name: str, progress: bool
) -> Frames:
    """Every frame or page restored. Raises: as ``RestoreModel``; MemoryError."""
    photos = []
    for photo in frames.photos:
        batch = as_batch(photo)
        restored = restore_in_memory(restorer, batch, wishes, name, progress)
        photos.append(photo.with_srgb(restored[0].permute(1, 2, 0).cpu().numpy()))
    return replace(frames, photos=photos)


def restore_together(restorer: RestoreModel, photos: list[Photo], wishes: Wishes) -> list[Photo]:
    """Pictures of one size and type restored in one batch. Raises: as ``RestoreModel``."""
    batch = torch.cat([as_batch(photo) for photo in photos])
    restored = restorer.restore_batch(batch, wishes).permute(0, 2, 3, 1).cpu().numpy()
    pairs = zip(photos, restored, strict=True)
    return [photo.with_srgb(np.ascontiguousarray(picture)) for photo, picture in pairs]


def as_batch(photo: Photo) -> Tensor:
    """(1, 3, H, W), uint8 or float32 in [0, 1], sRGB."""
    return torch.from_numpy(photo.to_srgb()).permute(2, 0, 1)[None]


def restore_in_memory(
    restorer: RestoreModel, batch: Tensor, wishes: Wishes, name: str, progress: bool
) -> Tensor:
    """``RestoreModel.restore_batch``, with smaller tiles where the memory does not suffice.

    Raises: MemoryError when it does not even suffice for the smallest.
    """
    while True:
        try:
            return restorer.restore_batch(batch, wishes, progress, name)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            smaller = _smaller_tile(wishes, tuple(batch.shape[-2:]))
            if smaller is None:
                raise MemoryError(
                    f'{name}: not enough memory, also in tiles of {wishes.tile} pixels'
                ) from error
        wishes = smaller
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _smaller_tile(wishes: Wishes, size: tuple[int, int]) -> Wishes | None:
    """The wishes with a tile of half the size; None when it would be too small."""
    tile = min(wishes.tile or TILE, *size) // 2
    return None if tile < LEAST_TILE else replace(wishes, tile=tile, overlap=None)


def is_out_of_memory(error: Exception) -> bool:
    """Whether it is what PyTorch or Python raise then. PyTorch's CPU has no class of its own."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return "can't allocate memory" in str(error) or 'not enough memory' in str(error)


def write_result(job: Job, read: Frames, restored: Frames, overwrite: bool) -> tuple[str, ...]:
    """Write the result and the panel. Returns: what the result could not keep."""
    lost = [phrase for photo in read.photos for phrase in photo.lost]
    if overwrite or not job.result.exists():
        lost += write_frames(job.result, restored)
    if job.panel is not None and (overwrite or not job.panel.exists()):
        from restorelab.io.images import to_uint8, write_image
        from restorelab.io.panels import compare

        before, after = read.photos[0].to_srgb(), restored.photos[0].to_srgb()
        write_image(job.panel, compare(to_uint8(before), to_uint8(after)))
    return tuple(dict.fromkeys(lost))
