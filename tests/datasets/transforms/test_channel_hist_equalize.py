import cv2
import numpy as np
import pytest

from restorelab.datasets import (
    ChannelHistEqualize,
)
from tests.datasets.pictures import sample


def numbered(height, width):
    """A picture whose pixels all differ."""
    return np.arange(height * width * 3, dtype=np.int64).reshape(height, width, 3).astype(np.uint8)


def pair(height=13, width=17):
    """Two pictures that agree after any equal move of pixels."""
    picture = numbered(height, width)
    return dict(lq=255 - picture, gt=picture)


def test_equalizing_is_opencvs_for_each_channel_of_the_named_image():
    images = pair(16, 16)
    results = ChannelHistEqualize()(sample(**images))
    for channel in range(3):
        np.testing.assert_array_equal(
            results['lq'][..., channel], cv2.equalizeHist(images['lq'][..., channel].copy())
        )
    np.testing.assert_array_equal(results['gt'], images['gt'])


def test_equalizing_can_be_kept_to_some_degradations():
    images = pair(16, 16)
    np.testing.assert_array_equal(
        ChannelHistEqualize(degradations=['lowlight'])(sample(**images))['lq'], images['lq']
    )


def test_equalizing_refuses_an_image_that_no_sample_has():
    with pytest.raises(ValueError, match="'input'"):
        ChannelHistEqualize(keys=['input'])
