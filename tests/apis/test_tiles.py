"""The tiles of a large picture share what is known of the whole picture."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from restorelab.apis import RestoreModel, load, tiles
from restorelab.apis.tiles import choose_tile, cut_maps, join_conditions, place_crops
from restorelab.registry import MODELS
from restorelab.structures import Condition
from restorelab.utils.psnr import psnr
from restorelab.utils.tiling import MOST_OVERLAP, blend_tiles, split_image
from tests.models.tiny import house


@pytest.fixture(scope='module')
def pooling():
    """A restorer whose group norms pool over all pixels."""
    torch.manual_seed(0)
    return RestoreModel(
        MODELS.build(
            dict(
                type='DiffusionRestorer',
                backbone=dict(
                    type='ResidualDiffusionUNet',
                    width=8,
                    channel_mults=[1, 1],
                    attention=dict(type='ConstantAttentionBlock'),
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
    monkeypatch.setattr(tiles, 'SAMPLE_PIXELS', 64 * 64)
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
    assert choose_tile((769, 768), None, None, 16) == (672, 48)


@pytest.mark.parametrize(
    'size', [(1024, 1024), (769, 768), (2160, 3840), (3000, 4000), (4000, 6000), (1080, 1920)]
)
def test_tiles_recompute_at_most_15_percent_of_the_pixels(size):
    tile, overlap = choose_tile(size, None, None, 16)
    computed = 0
    for place in split_image(*size, tile, overlap):
        _, _, height, width = place.box
        computed += height * width
    assert 0 < computed / (size[0] * size[1]) - 1 <= 0.15


@pytest.mark.parametrize('name', ['diffuir-tiny', 'house'])
def test_the_overlap_of_large_tiles_leaves_no_seams(name, monkeypatch):
    """The tiles and the whole use one sample, so they differ by what tiles cannot see alone."""
    monkeypatch.setattr(tiles, 'WHOLE_PIXELS', 64 * 64)
    monkeypatch.setattr(tiles, 'FULL_SAMPLE', 128)
    rows, cols = np.mgrid[:256, :352]
    waves = np.sin(cols / 9 + 5 * np.sin(rows / 40)) * np.sin(rows / 13)
    noise = np.random.default_rng(0).normal(0, 0.05, (3, 256, 352))
    picture = torch.from_numpy(0.5 + 0.2 * waves + noise).float().clamp(0, 1)
    model = load(name, device='cpu', dtype='float32')
    whole, cut = model(picture, tile=0), model(picture, tile=192, overlap=MOST_OVERLAP)
    assert psnr_of(cut, whole) > 50
    hard = model(picture, tile=192, overlap=0)
    assert largest_step(cut - whole) < largest_step(hard - whole) / 3


def largest_step(error):
    """Between neighboring pixels of (3, H, W): what shows as a seam."""
    error = error.mean(dim=0)
    return max(error.diff(dim=0).abs().max(), error.diff(dim=1).abs().max())


def test_tiles_in_batches_give_the_same_as_one_by_one(pooling, uneven, small, monkeypatch):
    sizes = []
    pooling.model.backbone.register_forward_pre_hook(
        lambda _net, inputs: sizes.append(len(inputs[0]))
    )
    alone = pooling(uneven)
    assert sizes[-1] == 1
    monkeypatch.setattr(tiles, 'tiles_at_once', lambda tile, device: 2)
    torch.testing.assert_close(pooling(uneven), alone, atol=1e-5, rtol=0)
    assert 2 in sizes


@pytest.mark.parametrize(('free', 'together'), [(1e9, 1), (10e9, 3), (100e9, 8)])
def test_a_gpu_takes_as_many_tiles_as_its_free_memory_holds(free, together, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'mem_get_info', lambda device: (int(free), 0))
    assert tiles.tiles_at_once(640, torch.device('cuda')) == together
    assert tiles.tiles_at_once(640, torch.device('cpu')) == 1


def test_maps_of_different_rounding_join_in_the_size_of_the_first():
    parts = []
    for rows in (4, 5):
        maps = dict(gray=torch.ones(1, 1, rows, 4))
        parts.append(Condition(vectors=dict(v=torch.ones(1, 2)), maps=maps))
    joined = join_conditions(parts)
    assert joined.map('gray').shape == (2, 1, 4, 4)
    assert joined.vector('v').shape == (2, 2)


def test_a_tile_says_where_in_the_picture_it_lies():
    tiles_of_it = [cut_maps(Condition(), top, 20, (16, 30), (64, 80)) for top in (0, 48)]
    expected = torch.tensor([[0, 0.25, 0.25, 0.625], [0.75, 0.25, 1, 0.625]])
    torch.testing.assert_close(join_conditions(tiles_of_it).region, expected)


def test_a_tile_derives_anew_what_depends_on_its_maps():
    cond = Condition(maps=dict(rows=torch.arange(8.0).reshape(1, 1, 8, 1)))
    means = []
    for top in (0, 32):
        part = cut_maps(cond, top, 0, (32, 8), (64, 8))
        means.append(part.once('mean', part.map('rows').mean).item())
    assert means == [1.5, 5.5]


@pytest.mark.parametrize('size', [(96, 160), (97, 159)])
def test_a_curve_over_the_picture_has_no_seams(small, size):
    model, image = RestoreModel(house(haze=1.0)), torch.rand(3, *size)
    whole = model(image, tile=0)
    assert (whole - image).abs().mean() > 0.01
    torch.testing.assert_close(model(image, tile=48, overlap=16), whole, atol=1e-5, rtol=0)


def test_maps_are_cut_to_the_tiles_share_and_never_to_nothing():
    rows = torch.arange(8.0)[:, None].expand(1, 1, 8, 4)
    cond = Condition(
        vectors=dict(v=torch.ones(1, 2)), maps=dict(fine=rows, coarse=torch.ones(1, 1, 1, 1))
    )
    part = cut_maps(cond, 32, 0, (16, 8), (64, 8))
    assert part.map('fine')[0, 0, :, 0].tolist() == [4, 5]
    assert part.map('coarse').shape == (1, 1, 1, 1)
    assert torch.equal(part.vector('v'), cond.vector('v'))


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
def test_a_picture_of_bytes_and_one_of_floats_give_the_same(pooling, uneven, small, dtype):
    levels = (uneven * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    floats = pooling(levels.astype(np.float32) / 255)
    expected = np.rint(floats * 255).astype(np.uint8) if dtype is np.uint8 else floats
    picture = levels if dtype is np.uint8 else levels.astype(np.float32) / 255
    np.testing.assert_array_equal(pooling(picture), expected)


def test_a_picture_of_bytes_is_never_whole_as_floats(pooling, uneven, small, monkeypatch):
    sizes = []
    to_unit = tiles.to_unit

    def spy(picture, device):
        sizes.append(picture.shape[-2] * picture.shape[-1])
        return to_unit(picture, device)

    monkeypatch.setattr(tiles, 'to_unit', spy)
    monkeypatch.setattr(tiles, 'GLANCE_PIXELS', 64 * 64)
    pooling((uneven * 255).to(torch.uint8).permute(1, 2, 0).numpy())
    assert max(sizes) <= 128 * 160  # 64 rows of the picture, twice reduced


def test_priors_see_a_very_large_picture_reduced(monkeypatch):
    monkeypatch.setattr(tiles, 'GLANCE_PIXELS', 100)
    picture = torch.randint(0, 256, (1, 3, 41, 30), dtype=torch.uint8)
    seen = tiles.glance(picture, torch.device('cpu'))
    assert seen.shape == (1, 3, 11, 8)
    torch.testing.assert_close(seen[..., 0, 0], picture[..., :4, :4].float().mean((2, 3)) / 255)


def test_threads_with_different_steps_and_tiles_do_not_meet(pooling, uneven, small):
    calls = [(1, 64), (2, 48), (1, 0), (2, 80), (1, 48), (2, 64), (2, 0), (1, 80)]

    def restore(call):
        return pooling(uneven, steps=call[0], tile=call[1])

    serial = [restore(call) for call in calls]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(restore, calls))
    for one, other in zip(serial, together, strict=True):
        assert torch.equal(one, other)
