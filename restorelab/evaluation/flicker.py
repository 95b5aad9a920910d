"""How restless a video is."""

from collections.abc import Iterable

import numpy as np


def flicker(frames: Iterable[np.ndarray]) -> float:
    """Mean absolute difference between neighboring frames, in levels of 255.

    Of a still scene it is 0 for a perfect video, and the noise and decisions that change from frame
    to frame for others. It also counts motion, so compare a result with its own input.

    Args:
        frames: uint8 (H, W, 3) of one size, at least two. One after another is read.
    Raises: ValueError for fewer than two frames.
    """
    before, changes = None, []
    for frame in frames:
        image = frame.astype(np.float32)
        if before is not None:
            changes.append(float(np.abs(image - before).mean()))
        before = image
    if not changes:
        raise ValueError('flicker needs at least two frames; give more of the video')
    return float(np.mean(changes))
