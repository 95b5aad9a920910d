import numpy as np

from restorelab.datasets import (
    CenterCrop,
)
from tests.datasets.pictures import sample


def numbered(height, width):
    """A picture whose pixels all differ."""
    return np.arange(height * width * 3, dtype=np.int64).reshape(height, width, 3).astype(np.uint8)


def test_center_crop_takes_the_middle():
    np.testing.assert_array_equal(
        CenterCrop(3)(sample(gt=numbered(7, 9)))['gt'], numbered(7, 9)[2:5, 3:6]
    )
