import numpy as np

from restorelab.datasets import (
    PackRestoration,
    PositiveView,
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


def test_a_second_view_is_cut_of_the_degraded_image_alone():
    given = PositiveView(8)(sample())
    assert given['positive_lq'].shape == (8, 8, 3)
    assert given['lq'].shape == given['gt'].shape == (20, 37, 3)
    packed = PackRestoration()(RandomCrop(8)(given))['data_samples']
    assert packed.positive_lq.shape == (3, 8, 8)
