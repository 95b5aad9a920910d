"""Shots of a video, and one decision for each of them.

A restorer that decides anew for each frame flickers: a strength near a threshold switches a stage
on and off. So what is decided about a frame is decided once for its shot.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from restorelab.apis.inference import RestoreModel
from restorelab.structures import Condition
from restorelab.utils.files import atomic_path

Frame = TypeVar('Frame')

SIDE = 32  # of the thumbnails that are compared
CHANGED = 0.15  # share of the brightness by which neighbors differ at a cut
JUMP = 3.0  # and how many times more than the neighbors before
BEFORE = 8  # so many of them
SHORTEST = 8  # frames of a shot; a flash of light is no two cuts
DARK = 8.0  # levels of 255 added to the brightness: noise in the dark is no cut
LOOKED_AT = 8  # frames of a shot, at most


class CutFinder:
    """Finds where shots begin.

    Neighboring frames are compared in thumbnails of 32x32 pixels. At a cut, their mean absolute
    difference is more than 15 % of their mean brightness plus 8 levels, and more than three times
    the mean of the last eight differences, which camera motion makes large, too. A shot has at
    least eight frames. Dissolves and fades are no cuts.
    """

    def __init__(self) -> None:
        self._before: np.ndarray | None = None
        self._changes: deque[float] = deque(maxlen=BEFORE)
        self._length = 0

    def is_cut(self, thumbnail: np.ndarray) -> bool:
        """Whether a shot begins with the next frame, uint8 (32, 32, 3). The first is no cut."""
        image = thumbnail.astype(np.float32)
        before, self._before = self._before, image
        self._length += 1
        if before is None:
            return False
        change = float(np.abs(image - before).mean())
        brightness = float(image.mean() + before.mean()) / 2 + DARK
        usual = float(np.mean(self._changes)) if self._changes else 0.0
        is_cut = change > CHANGED * brightness and change > JUMP * usual
        if is_cut and self._length > SHORTEST:
            self._changes.clear()
            self._length = 1
            return True
        self._changes.append(change)
        return False


class Spread(Generic[Frame]):
    """Keeps up to eight frames, evenly spread over as many as there are. Memory does not grow."""

    def __init__(self) -> None:
        self.kept: list[Frame] = []
        self._stride, self._count = 1, 0

    def add(self, frame: Frame) -> None:
        if self._count % self._stride == 0:
            self.kept.append(frame)
        self._count += 1
        if len(self.kept) > LOOKED_AT:
            self.kept = self.kept[::2]
            self._stride *= 2


@dataclass(frozen=True)
class Decision:
    """What is decided about all frames of a shot.

    Attributes:
        seen: the vectors and tokens of all priors.
        maps: full names of the maps, such as ``maps.gray``. They show where in a frame something
            is, so each frame has its own.
    """

    seen: Condition
    maps: tuple[str, ...] = ()

    def for_frame(self, model: RestoreModel, frame: np.ndarray, equalize: bool) -> Condition:
        """The decision, with the maps of the ``frame``, uint8 (H, W, 3)."""
        if not self.maps:
            return self.seen
        return replace(self.seen, maps=model.look(frame, equalize, self.maps).maps, _memo={})


def decide(model: RestoreModel, frames: Sequence[np.ndarray], equalize: bool) -> Decision:
    """The decision for a shot, from some of its frames, uint8 (H, W, 3).

    Each number is the median of what the priors say of these frames, the lower one of two.
    """
    looks = [model.look(frame, equalize) for frame in frames]
    seen = Condition()
    for kind in ('vectors', 'tokens'):
        for name in looks[0].entries()[kind]:
            values = torch.stack([look.entries()[kind][name] for look in looks])
            seen.entries()[kind][name] = values.median(dim=0).values
    return Decision(seen, tuple(f'maps.{name}' for name in looks[0].maps))


def save_decision(path: Path, decision: Decision) -> None:
    """As safetensors. The file is whole or not there."""
    tensors = {}
    for kind, entries in decision.seen.entries().items():
        for name, value in entries.items():
            tensors[f'{kind}.{name}'] = value.cpu().contiguous()
    with atomic_path(path) as temporary:
        save_file(tensors, str(temporary), dict(maps=' '.join(decision.maps)))


def load_decision(path: Path, device: torch.device) -> Decision:
    """What ``save_decision`` wrote."""
    seen = Condition()
    with safe_open(str(path), 'pt', device=str(device)) as file:
        for full_name in file.keys():  # noqa: SIM118  (not a dict)
            kind, _, name = full_name.partition('.')
            seen.entries()[kind][name] = file.get_tensor(full_name)
        maps = tuple(file.metadata()['maps'].split())
    return Decision(seen, maps)
