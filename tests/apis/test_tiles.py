"""The tiles of a large picture share what is known of the whole picture."""

import numpy as np
import pytest
import torch

from restorelab.apis import RestoreModel, tiles
from restorelab.apis.tiles import choose_tile, cut_maps, join_conditions, place_crops
from restorelab.registry import MODELS
from restorelab.structures import Condition
from restorelab.utils.psnr import psnr
from restorelab.utils.tiling import blend_tiles


@pytest.fixture(scope='module')
def pooling():
    """A restorer whose group norms and attention pool over all pixels."""
    torch.manual_seed(0)
    return RestoreModel(
        MODELS.build(
            dict(
                type='DiffusionRestorer',
                backbone=dict(
                    type='ResidualDiffusionUNet',
                    width=8,
                    channel_mults=[1, 1],
                    attention=dict(type='FullAttentionBlock'),
                ),
                process=dict(type='SharedResidualProcess', steps=10),
                loss=dict(type='L1Loss'),
                sampler=dict(type='SDTDDIMSampler', steps=2),
            )
        )
    )


@pytest.fixture
def uneven():
    """(3, 96, 160): texture, bright on the left and dark on the right."""
    generator = torch.Generator().manual_seed(0)
    texture = 0.5 + 0.1 * torch.randn(3, 96, 160, generator=generator)
    return (texture * torch.linspace(1, 0.05, 160)).clamp(0, 1)


@pytest.fixture
def small(monkeypatch):
    """Pictures are large from 64x64 pixels on."""
    monkeypatch.setattr(tiles, 'WHOLE_PIXELS', 64 * 64)
    monkeypatch.setattr(tiles, 'TILE', 64)
    monkeypatch.setattr(tiles, 'FULL_SAMPLE', 48)
    monkeypatch.setattr(tiles, 'CROP', 32)


@pytest.mark.parametrize('tile', [64, 80])
def test_tiles_of_an_unevenly_lit_picture_agree_with_the_whole(pooling, uneven, small, tile):
    whole = pooling(uneven, tile=0)
    assert psnr_of(pooling(uneven, tile=tile, overlap=tile // 2), whole) > 45


def test_tiles_that_pool_for_themselves_do_not(pooling, uneven, small):
    def alone(part, top, left):
        return pooling.model.restore(part)

    separate = blend_tiles(alone, uneven[None], 64, 32)[0]
    assert psnr_of(separate, pooling(uneven, tile=0)) < 25


def psnr_of(image, other):
    return psnr(image[None], other[None]).item()


def test_a_small_picture_is_restored_as_before(pooling, uneven):
    image = uneven[None, :, :48, :48]
    expected = pooling.model.restore(image)[0]
    assert torch.equal(pooling(image[0]), expected)


def test_pictures_of_a_batch_keep_their_own_statistics(pooling, uneven, small):
    batch = torch.stack([uneven, uneven.flip(2) * 0.3])
    both = pooling(batch)
    for image, restored in zip(batch, both, strict=True):
        torch.testing.assert_close(pooling(image), restored)


def test_tiles_repeat_bit_for_bit(pooling, uneven, small):
    assert torch.equal(pooling(uneven), pooling(uneven))


@pytest.mark.parametrize('size', [(1000, 1500), (3000, 600), (210, 4000), (640, 640)])
def test_crops_lie_in_the_picture_on_the_grid_and_cover_all_its_parts(size):
    crops = place_crops(size, 640**2, 16)
    assert 1 <= sum(side**2 for _, _, side in crops) <= 640**2
    middles = []
    for top, left, side in crops:
        assert top % 16 == left % 16 == 0
        assert top + side <= size[0]
        assert left + side <= size[1]
        middles.append(((top + side / 2) / size[0], (left + side / 2) / size[1]))
    np.testing.assert_allclose(np.mean(middles, axis=0), 0.5, atol=0.05)


def test_a_picture_smaller_than_a_crop_is_one_crop():
    assert place_crops((40, 50), 640**2, 16) == [(0, 0, 32)]


def test_the_defaults_cut_large_pictures_alone():
    assert choose_tile((768, 768), None, None, 16) == (0, 0)
    assert choose_tile((769, 768), None, None, 16) == (640, 80)


def test_maps_of_different_rounding_join_in_the_size_of_the_first():
    parts = []
    for rows in (4, 5):
        maps = dict(gray=torch.ones(1, 1, rows, 4))
        parts.append(Condition(vectors=dict(v=torch.ones(1, 2)), maps=maps))
    joined = join_conditions(parts)
    assert joined.map('gray').shape == (2, 1, 4, 4)
    assert joined.vector('v').shape == (2, 2)


def test_maps_are_cut_to_the_tiles_share_and_never_to_nothing():
    rows = torch.arange(8.0)[:, None].expand(1, 1, 8, 4)
    cond = Condition(
        vectors=dict(v=torch.ones(1, 2)), maps=dict(fine=rows, coarse=torch.ones(1, 1, 1, 1))
    )
    part = cut_maps(cond, 32, 0, (16, 8), (64, 8))
    assert part.map('fine')[0, 0, :, 0].tolist() == [4, 5]
    assert part.map('coarse').shape == (1, 1, 1, 1)
    assert torch.equal(part.vector('v'), cond.vector('v'))
