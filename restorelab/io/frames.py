"""Several pictures of one file."""

from dataclasses import dataclass

from restorelab.io.photo import Photo


@dataclass(frozen=True)
class Frames:
    """The pictures of a file, in order.

    Attributes:
        photos: at least one.
        durations: milliseconds that each frame of an animation is shown.
        loop: how often an animation is shown, as its file says; 0 is for ever, None says nothing.
        kind: ``picture``, ``pages`` or ``animation``.
    """

    photos: list[Photo]
    durations: list[float] | None = None
    loop: int | None = None
    kind: str = 'picture'
