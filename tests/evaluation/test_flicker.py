"""Flicker is what changes between neighboring frames."""

import numpy as np
import pytest

from restorelab.evaluation.flicker import flicker


def test_a_still_video_has_none():
    assert flicker([np.full((4, 5, 3), 90, np.uint8)] * 3) == 0


def test_it_is_the_mean_change_of_a_sample_in_levels():
    frames = [np.full((4, 5, 3), level, np.uint8) for level in (10, 250, 246)]
    assert flicker(frames) == (240 + 4) / 2


def test_one_frame_is_refused():
    with pytest.raises(ValueError, match='two frames'):
        flicker([np.zeros((4, 5, 3), np.uint8)])
