import numpy as np
import pytest
import torch

from restorelab.datasets import (
    PackRestoration,
)
from tests.datasets.pictures import sample


def numbered(height, width):
    """A picture whose pixels all differ."""
    return np.arange(height * width * 3, dtype=np.int64).reshape(height, width, 3).astype(np.uint8)


def pair(height=13, width=17):
    """Two pictures that agree after any equal move of pixels."""
    picture = numbered(height, width)
    return dict(lq=255 - picture, gt=picture)


def test_packing_gives_tensors_and_says_what_the_sample_is():
    images = pair()
    packed = PackRestoration()(sample(**images))
    assert packed['inputs'].dtype == torch.uint8
    np.testing.assert_array_equal(packed['inputs'].permute(1, 2, 0).numpy(), images['lq'])
    np.testing.assert_array_equal(packed['data_samples'].gt.permute(1, 2, 0).numpy(), images['gt'])
    assert packed['data_samples'].metainfo == dict(
        key='k', degradation='noise', path='k.png', ori_shape=(13, 17)
    )


def test_packing_keeps_the_strengths_of_the_degradations():
    strengths = np.array([0, 0.5], np.float32)
    packed = PackRestoration()(sample(**pair()) | dict(strengths=strengths))['data_samples']
    assert packed.strengths.tolist() == [0, 0.5]
    assert 'strengths' not in PackRestoration()(sample(**pair()))['data_samples']


def test_packing_without_clean_image_has_no_gt():
    assert 'gt' not in PackRestoration()(sample(lq=numbered(4, 4)))['data_samples']


def test_packing_without_degraded_image_says_what_is_missing():
    with pytest.raises(KeyError, match='put Degrade before'):
        PackRestoration()(sample(gt=numbered(4, 4)))
