import numpy as np
import pytest

from restorelab.datasets import (
    RandomCrop,
)
from tests.datasets.pictures import sample


def numbered(height, width):
    """A picture whose pixels all differ."""
    return np.arange(height * width * 3, dtype=np.int64).reshape(height, width, 3).astype(np.uint8)


def test_random_crop_reaches_every_corner():
    corners = {
        int(RandomCrop(2)(sample(gt=numbered(3, 3), seed=seed))['gt'][0, 0, 0])
        for seed in range(60)
    }
    assert corners == {0, 3, 9, 12}


@pytest.mark.parametrize('size', [(1, 1), (3, 40), (7, 8)], ids=str)
def test_crop_continues_a_small_image_by_reflection(size):
    picture = numbered(*size)
    out = RandomCrop(8)(sample(gt=picture))['gt']
    assert out.shape == (8, 8, 3)
    assert set(np.unique(out)) <= set(np.unique(picture))
