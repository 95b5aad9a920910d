"""A third image beside lq and gt."""

import numpy as np

from restorelab.datasets import (
    PackRestoration,
    RandomCrop,
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


def test_renderings_move_with_their_pair():
    cut = RandomCrop(8)(sample(rendered=sample()['lq']))
    assert np.array_equal(cut['rendered'], cut['lq'])
    assert PackRestoration()(cut)['data_samples'].rendered.shape == (3, 8, 8)
