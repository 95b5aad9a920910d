import numpy as np
import pytest

from restorelab.datasets import (
    CenterModCrop,
)


def sample(height: int = 20, width: int = 37, **images) -> dict:
    picture = np.arange(height * width * 3, dtype=np.int64).reshape(height, width, 3) % 251
    return dict(
        lq=picture.astype(np.uint8),
        gt=picture.astype(np.uint8),
        key='k',
        path='k.png',
        degradation='haze',
        ori_shape=(height, width),
        rng=np.random.default_rng(0),
        **images,
    )


def test_central_crops_keep_the_middle():
    assert np.array_equal(CenterModCrop(16)(sample())['lq'], sample()['lq'][2:18, 2:34])


def test_an_image_smaller_than_the_divisor_is_named():
    with pytest.raises(ValueError, match="sample 'k': 20x37, smaller than the divisor 32"):
        CenterModCrop(32)(sample())
