import numpy as np

from restorelab.datasets import (
    RandomFlip,
    RandomTranspose,
)
from tests.datasets.pictures import sample


def numbered(height, width):
    """A picture whose pixels all differ."""
    return np.arange(height * width * 3, dtype=np.int64).reshape(height, width, 3).astype(np.uint8)


def test_flips_and_transpose_give_the_eight_turns_of_a_square():
    flip, transpose = RandomFlip(0.5, 0.5), RandomTranspose()
    turns = {
        transpose(flip(sample(gt=numbered(2, 2), seed=seed)))['gt'].tobytes() for seed in range(100)
    }
    assert len(turns) == 8


def test_flip_never_and_always():
    picture = numbered(4, 5)
    np.testing.assert_array_equal(RandomFlip(0, 0)(sample(gt=picture))['gt'], picture)
    np.testing.assert_array_equal(RandomFlip(1, 0)(sample(gt=picture))['gt'], picture[:, ::-1])
