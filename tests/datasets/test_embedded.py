"""The photographs that are always there."""

import numpy as np
import pytest

from restorelab.datasets import (
    EMBEDDED,
)
from restorelab.datasets.embedded import embedded_images
from restorelab.io.images import read_image


def test_embedded_photographs_are_six_in_disjoint_splits():
    assert not set(EMBEDDED['train']) & set(EMBEDDED['val'])
    assert len(EMBEDDED['train']) + len(EMBEDDED['val']) == 6


def test_the_stereo_pair_stays_on_one_side():
    assert all(
        len({'motorcycle_left.png', 'motorcycle_right.png'} & set(names)) != 1
        for names in EMBEDDED.values()
    )


@pytest.mark.parametrize('split', EMBEDDED)
def test_embedded_photographs_are_large_color_pictures(split):
    for path in embedded_images(split):
        image = read_image(path)
        assert min(image.shape[:2]) >= 256
        assert np.ptp(image.astype(int), axis=2).mean() > 5
