"""Restore a video: all frames of a shot alike, in parts, so that an interruption costs little.

First the whole video is decoded once. That finds its shots, and for each of them one decision.
Then part after part is restored into a folder beside the output. At the end the parts are joined,
with the sound and all else that is copied.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from restorelab.apis.inference import RestoreModel
from restorelab.apis.shots import (
    SIDE,
    CutFinder,
    Spread,
    decide,
    load_decision,
    save_decision,
)
from restorelab.apis.tiles import choose_tile
from restorelab.io.video import (
    VIDEO_EXTENSIONS,
    VideoFacts,
    VideoReader,
    VideoReadError,
    import_av,
    side_data_names,
    thumbnail,
    to_rgb,
)
from restorelab.io.video_writing import (
    PART_EXTENSION,
    encoder_of,
    join_parts,
    lost_facts,
    lost_streams,
    writing_part,
)
from restorelab.utils.ahead import ahead
from restorelab.utils.files import atomic_path
from restorelab.utils.json_file import read_json
from restorelab.utils.results import ResultError
from restorelab.utils.work_dir_lock import LOCK_NAME, WorkDirInUseError, work_dir_lock

__all__ = ['VIDEO_EXTENSIONS', 'VideoReport', 'check_video', 'restore_video']

PART_SECONDS = 2  # so much work is lost by an interruption, and so often there is a key frame
DECODED_AHEAD = 4  # frames that wait to be restored
PLAN = 'plan.json'
FORMAT = 1  # of the folder with parts; another one starts anew


@dataclass(frozen=True)
class VideoReport:
    """What was done.

    Attributes:
        frames, shots: of the whole video.
        seconds: that this run took.
        lost: what the output does not have of the source, in words.
    """

    frames: int
    shots: int
    seconds: float
    lost: tuple[str, ...]


class Part(NamedTuple):
    """Frames that are encoded together, all of one shot."""

    shot: int
    frames: int


@dataclass(frozen=True)
class Plan:
    """What is known of a video before its first frame is restored.

    Attributes:
        made_of: the source and all that the result depends on. Another one is another plan.
        shots: how many frames each has.
        part_frames: frames of a part, at most.
        last: ticks that the last frame is shown.
        lost: what the output will not have.
    """

    made_of: dict
    shots: list[int]
    part_frames: int
    last: int
    lost: list[str]

    @property
    def parts(self) -> list[Part]:
        """In the order of the video. Those of a shot differ by one frame at most."""
        parts = []
        for shot, frames in enumerate(self.shots):
            count = -(-frames // self.part_frames)
            for index in range(count):
                length = frames * (index + 1) // count - frames * index // count
                parts.append(Part(shot, length))
        return parts


def check_video(source: Path, output: Path, overwrite: bool = False) -> None:
    """Check what can be checked before a model is loaded.

    Raises:
        ImportError: PyAV is missing.
        VideoReadError (a ValueError): the source is no video, is interlaced, or has colors that are
            not known here.
        ValueError: the output is the source, is not written with this extension, or cannot hold
            the sound of the source.
        FileExistsError: the output exists and ``overwrite`` is false, or it is no file.
    """
    source, output = Path(source), Path(output)
    import_av()
    encoder_of(output)
    with VideoReader(source):
        pass
    if output.exists():
        if output.samefile(source):
            raise ValueError(
                f'the output {output} is the input; an input is never overwritten, choose another '
                'output'
            )
        if not output.is_file():
            raise FileExistsError(f'{output}: is no file; choose another output')
        if not overwrite:
            raise FileExistsError(
                f'{output}: exists already; choose another output, or pass overwrite (--overwrite)'
            )
    lost_streams(source, output)


def restore_video(
    restorer: RestoreModel, source: Path, output: Path, options: dict, overwrite: bool = False
) -> VideoReport:
    """Restore all frames of ``source`` into ``output``, and copy its sound and subtitles.

    The work is kept in the folder ``.<name of output>.parts`` beside the output until the output is
    whole. After an interruption of any kind, the same call goes on behind the last finished part.
    Memory does not grow with the length of the video.

    Args:
        options: keyword arguments of ``RestoreModel.__call__``, without ``seen`` and ``progress``.
        overwrite: replace an earlier output.
    Raises: as ``check_video`` and ``RestoreModel.__call__`` do; OSError when another process works
        on the same output, or when it cannot be written.
    """
    start = time.monotonic()
    source, output = Path(source), Path(output)
    check_video(source, output, overwrite)
    _check_options(restorer, source, options)
    output.parent.mkdir(parents=True, exist_ok=True)
    folder = output.with_name(f'.{output.name}.parts')
    try:
        with work_dir_lock(folder):
            plan = _plan(restorer, source, output, folder, options)
            _restore_parts(restorer, source, output, folder, plan, options)
            _join(source, output, folder, plan)
    except WorkDirInUseError as error:
        raise OSError(f'{folder}: another process restores into {output} now') from error
    shutil.rmtree(folder)
    seconds = time.monotonic() - start
    return VideoReport(sum(plan.shots), len(plan.shots), seconds, tuple(plan.lost))


def _check_options(restorer: RestoreModel, source: Path, options: dict) -> None:
    of_tiles = {name: options.get(name) for name in ('tile', 'overlap')}
    others = {k: v for k, v in options.items() if k not in (*of_tiles, 'equalize')}
    restorer.check_options(**others)
    with VideoReader(source) as reader:
        size = _upright_size(reader.facts)
    model = restorer.model.image_restorer()
    choose_tile(model.working_size(size), **of_tiles, grid=model.tile_grid)


def _upright_size(facts: VideoFacts) -> tuple[int, int]:
    size = (facts.height, facts.width)
    return size[::-1] if facts.quarter_turns % 2 else size


def _part_path(folder: Path, index: int) -> Path:
    return folder / f'part-{index:06d}{PART_EXTENSION}'


def _decision_path(folder: Path, shot: int) -> Path:
    return folder / f'shot-{shot:06d}.safetensors'


def _plan(restorer: RestoreModel, source: Path, output: Path, folder: Path, options: dict) -> Plan:
    """The plan in ``folder``, if it is of this work, or a new one, which is written there."""
    made_of = _made_of(restorer, source, output, options)
    path = folder / PLAN
    if path.exists():
        known = read_json(path)[0]
        changed = _differences(known['made_of'], made_of)
        if not changed:
            tqdm.write(f'{output}: going on with what {folder} has')
            return Plan(**known)
        tqdm.write(
            f'{output}: what {folder} has was made with another {", ".join(changed)}; starting anew'
        )
    for old in folder.iterdir():
        if old.name != LOCK_NAME:
            old.unlink()
    plan = _look(restorer, source, output, folder, made_of, bool(options.get('equalize')))
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(asdict(plan)), encoding='utf-8')
    return plan


def _made_of(restorer: RestoreModel, source: Path, output: Path, options: dict) -> dict:
    """All that the result depends on, as JSON has it."""
    status = source.stat()
    made_of = dict(
        format=FORMAT,
        source=dict(name=source.name, size=status.st_size, changed=status.st_mtime_ns),
        model=_digest(restorer.model),
        dtype=str(restorer.dtype),
        encoder=[*encoder_of(output), import_av().__version__],
        options=options,
    )
    return json.loads(json.dumps(made_of))  # what reading it gives: lists for tuples


def _digest(model: torch.nn.Module) -> str:
    """Of all weights."""
    digest = hashlib.sha256()
    for name, value in model.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def _differences(known: dict, wanted: dict) -> list[str]:
    """The entries that differ, such as ``source`` or ``options.tile``."""
    changed = []
    for name in sorted({*known, *wanted}):
        mine, theirs = known.get(name), wanted.get(name)
        if name == 'options' and isinstance(mine, dict) and isinstance(theirs, dict):
            changed += _differences(mine, theirs)
        elif mine != theirs:
            changed.append(name)
    return changed


def _look(
    restorer: RestoreModel,
    source: Path,
    output: Path,
    folder: Path,
    made_of: dict,
    equalize: bool,
) -> Plan:
    """Decode the whole video once, and write a decision for each of its shots into ``folder``."""
    shots, cuts, spread, lost = [0], CutFinder(), Spread(), set()

    def finish_shot() -> None:
        images = [to_rgb(frame, reader.facts) for frame in spread.kept]
        path = _decision_path(folder, len(shots) - 1)
        save_decision(path, decide(restorer, images, equalize))

    last, before = 0, None
    with VideoReader(source) as reader:
        for frame in tqdm(reader.frames(), desc='looking for shots', unit='frame', leave=False):
            if cuts.is_cut(thumbnail(frame, SIDE)):
                finish_shot()
                shots.append(0)
                spread = Spread()
            spread.add(frame)
            shots[-1] += 1
            lost |= side_data_names(frame)
            gap = 0 if before is None else frame.pts - before
            last, before = frame.duration or gap, frame.pts
        finish_shot()
        facts = reader.facts
        said = [*lost_facts(facts, output), *sorted(lost), *lost_streams(source, output)]
        if reader.damaged:
            said.append(f'{reader.damaged} damaged packets of the video stream')
        if reader.moved:
            said.append(f'the times of {reader.moved} frames, which were not after those before')
    return Plan(
        made_of=made_of,
        shots=shots,
        part_frames=max(1, round(PART_SECONDS * facts.rate)),
        last=max(1, last),
        lost=said,
    )


def _restore_parts(
    restorer: RestoreModel, source: Path, output: Path, folder: Path, plan: Plan, options: dict
) -> None:
    """Restore each part that is not in ``folder``."""
    is_done = [_part_path(folder, index).exists() for index in range(len(plan.parts))]
    done = sum(part.frames for part, is_one in zip(plan.parts, is_done, strict=True) if is_one)
    if all(is_done):
        return
    equalize = bool(options.get('equalize'))
    shot, decision = -1, None
    with (
        VideoReader(source) as reader,
        closing(ahead(_missing_frames(reader, plan.parts, is_done), DECODED_AHEAD)) as frames,
        tqdm(total=sum(plan.shots), initial=done, desc=output.name, unit='frame') as bar,
    ):
        for index, part in enumerate(plan.parts):
            if is_done[index]:
                continue
            if part.shot != shot:
                path = _decision_path(folder, part.shot)
                shot, decision = part.shot, load_decision(path, restorer.device)
            with writing_part(_part_path(folder, index), reader.facts, output) as writer:
                for pts, image in islice(frames, part.frames):
                    seen = decision.for_frame(restorer, image, equalize)
                    writer.add(_restored(restorer, image, seen, options, source, pts), pts)
                    bar.update()


def _missing_frames(
    reader: VideoReader, parts: list[Part], is_done: list[bool]
) -> Iterator[tuple[int, np.ndarray]]:
    """(time, image) of each frame of the parts that are not done.

    The video is decoded from its start. Seeking would be faster, but in some files it leads to
    another frame than decoding does.

    Raises: VideoReadError when the video ends too early.
    """
    frames = reader.frames()
    last = max(index for index, is_one in enumerate(is_done) if not is_one)
    for index, part in enumerate(parts[: last + 1]):
        count = 0
        for frame in islice(frames, part.frames):
            count += 1
            if not is_done[index]:
                yield frame.pts, to_rgb(frame, reader.facts)
        if count < part.frames:
            raise VideoReadError(
                f'{reader.path}: ends earlier than when it was looked at; was it changed meanwhile?'
            )


def _restored(
    restorer: RestoreModel, image: np.ndarray, seen, options: dict, source: Path, pts: int
) -> np.ndarray:
    try:
        return restorer(image, seen=seen, **options)
    except ResultError as error:
        where = f'the frame at {pts} of {source}'
        raise ResultError(str(error).replace('the picture', where, 1)) from error


def _join(source: Path, output: Path, folder: Path, plan: Plan) -> None:
    paths = [_part_path(folder, index) for index in range(len(plan.parts))]
    with VideoReader(source) as reader:
        facts = reader.facts
    join_parts(paths, source, output, facts, plan.last)
