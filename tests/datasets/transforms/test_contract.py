"""What all transforms that move pixels promise."""

import numpy as np
import pytest

from restorelab.datasets import (
    CenterCrop,
    ModCrop,
    PackRestoration,
    RandomCrop,
    RandomFlip,
    RandomTranspose,
)
from tests.datasets.pictures import sample


def numbered(height, width):
    """A picture whose pixels all differ."""
    return np.arange(height * width * 3, dtype=np.int64).reshape(height, width, 3).astype(np.uint8)


def pair(height=13, width=17):
    """Two pictures that agree after any equal move of pixels."""
    picture = numbered(height, width)
    return dict(lq=255 - picture, gt=picture)


MOVES = dict(
    crop=RandomCrop(8),
    grow=RandomCrop(20),
    center=CenterCrop(9),
    mod=ModCrop(4),
    flip=RandomFlip(0.5, 0.5),
    transpose=RandomTranspose(),
)


@pytest.mark.parametrize('name', MOVES)
@pytest.mark.parametrize('seed', range(4))
def test_lq_and_gt_move_together(name, seed):
    results = MOVES[name](sample(**pair(), seed=seed))
    np.testing.assert_array_equal(results['lq'], 255 - results['gt'])


@pytest.mark.parametrize('name', MOVES)
def test_a_sample_without_lq_is_moved_too(name):
    assert 'lq' not in MOVES[name](sample(gt=numbered(13, 17)))


@pytest.mark.parametrize(
    'transform', [RandomCrop(8), RandomFlip(), PackRestoration()], ids=lambda t: type(t).__name__
)
def test_images_of_different_sizes_are_refused_by_name(transform):
    with pytest.raises(ValueError, match=r"'k' \(k.png\): lq and gt differ in size"):
        transform(sample(lq=numbered(10, 12), gt=numbered(12, 12)))
