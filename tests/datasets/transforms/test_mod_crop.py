import numpy as np
import pytest

from restorelab.datasets import (
    ModCrop,
)
from tests.datasets.pictures import sample


def numbered(height, width):
    """A picture whose pixels all differ."""
    return np.arange(height * width * 3, dtype=np.int64).reshape(height, width, 3).astype(np.uint8)


def test_mod_crop_cuts_at_the_right_and_the_bottom():
    np.testing.assert_array_equal(
        ModCrop(4)(sample(gt=numbered(9, 14)))['gt'], numbered(9, 14)[:8, :12]
    )


def test_mod_crop_names_an_image_that_would_vanish():
    with pytest.raises(ValueError, match="'k': gt is 3x9, smaller than the divisor 4"):
        ModCrop(4)(sample(gt=numbered(3, 9)))
