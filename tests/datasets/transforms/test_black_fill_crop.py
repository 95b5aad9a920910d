import numpy as np

from restorelab.datasets import (
    BlackFillCrop,
)
from tests.datasets.pictures import sample


def numbered(height, width):
    """A picture whose pixels all differ."""
    return np.arange(height * width * 3, dtype=np.int64).reshape(height, width, 3).astype(np.uint8)


def pair(height=13, width=17):
    """Two pictures that agree after any equal move of pixels."""
    picture = numbered(height, width)
    return dict(lq=255 - picture, gt=picture)


def test_black_fill_crop_continues_a_short_side_in_black():
    results = BlackFillCrop(20)(sample(**pair(height=13, width=25)))
    assert results['lq'].shape == results['gt'].shape == (20, 20, 3)
    assert not results['gt'][13:].any()
    assert not results['lq'][13:].any()
    np.testing.assert_array_equal(results['gt'][:13], 255 - results['lq'][:13])


def test_black_fill_crop_stretches_an_image_with_no_longer_side():
    flat = np.full((13, 17, 3), 51, np.uint8)
    results = BlackFillCrop(20)(sample(lq=flat, gt=flat))
    np.testing.assert_allclose(results['lq'], np.full((20, 20, 3), 0.2, np.float32), atol=1e-6)
