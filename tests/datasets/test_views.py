"""Second views, central crops to multiples, renderings beside pairs, and joined batches."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from restorelab.datasets import (
    CenterModCrop,
    GlobalBatchSampler,
    PackRestoration,
    PositiveView,
    RandomCrop,
)
from restorelab.registry import DATASETS


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


def test_renderings_move_with_their_pair():
    cut = RandomCrop(8)(sample(rendered=sample()['lq']))
    assert np.array_equal(cut['rendered'], cut['lq'])
    assert PackRestoration()(cut)['data_samples'].rendered.shape == (3, 8, 8)


def test_central_crops_keep_the_middle():
    assert np.array_equal(CenterModCrop(16)(sample())['lq'], sample()['lq'][2:18, 2:34])


def test_an_image_smaller_than_the_divisor_is_named():
    with pytest.raises(ValueError, match="sample 'k': 20x37, smaller than the divisor 32"):
        CenterModCrop(32)(sample())


def test_pairs_with_renderings_of_the_same_names(tmp_path):
    for kind in ('lq', 'gt', 'rendered'):
        (tmp_path / kind).mkdir()
        Image.fromarray(sample()['lq']).save(tmp_path / kind / 'a.png')
    options = dict(
        type='PairedDataset',
        degradation='haze',
        root=tmp_path,
        lq='lq',
        gt='gt',
        rendered='rendered',
        pipeline=[],
    )
    assert DATASETS.build(options)[0]['rendered'].shape == (20, 37, 3)
    Image.fromarray(sample()['lq']).save(tmp_path / 'rendered' / 'b.png')
    (tmp_path / 'rendered' / 'a.png').unlink()
    with pytest.raises(ValueError, match=r'1 image\(s\) have no rendering of the same name'):
        DATASETS.build(options)


def test_joined_batches_of_unequal_ranks_share_nothing():
    ranks = [
        SimpleNamespace(dataset=range(10), seed=1, rank=rank, world_size=2) for rank in range(2)
    ]
    streams = [
        iter(GlobalBatchSampler(rank, size, [2, 3]))
        for rank, size in zip(ranks, (2, 3), strict=True)
    ]
    drawn = [index for _ in range(2) for stream in streams for index in next(stream)]
    assert sorted(drawn) == list(range(10))


def test_sizes_that_do_not_fit_the_ranks_are_refused():
    with pytest.raises(ValueError, match='wanted is one for each of 1 rank'):
        GlobalBatchSampler(
            SimpleNamespace(dataset=range(10), seed=1, rank=0, world_size=1), 2, [2, 3]
        )
