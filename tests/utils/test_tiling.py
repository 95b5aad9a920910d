"""Blending of tiles: all pixels are covered, no seams, little memory."""

import subprocess
import sys
from itertools import pairwise

import pytest
import torch
from torch import nn

from restorelab.utils.tiling import (
    blend_tiles,
    default_overlap,
    hann_ramp,
    in_batches,
    split_axis,
    split_image,
)

SIZES = [(1, 1), (1, 40), (5, 7), (16, 16), (17, 33), (64, 50), (100, 37)]
TILINGS = [(16, 4), (16, 8), (16, 0), (7, 3), (1, 0)]


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize(('tile', 'overlap'), TILINGS)
def test_the_identity_is_reproduced(size, tile, overlap):
    image = torch.rand(2, 3, *size)
    result = blend_tiles(lambda part, top, left: part, image, tile, overlap)
    torch.testing.assert_close(result, image, atol=1e-6, rtol=0)


@pytest.mark.parametrize('length', [1, 15, 16, 17, 28, 29, 1000])
@pytest.mark.parametrize(('tile', 'overlap'), TILINGS)
def test_weights_sum_to_one(length, tile, overlap):
    total = torch.zeros(length)
    for span in split_axis(length, tile, overlap):
        total[span.start : span.stop] += span.weights(overlap)
    torch.testing.assert_close(total, torch.ones(length), atol=1e-6, rtol=0)


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize(('tile', 'overlap'), TILINGS)
def test_no_tile_is_larger_than_asked_and_neighbors_share_the_overlap(size, tile, overlap):
    for length in size:
        spans = split_axis(length, tile, overlap)
        assert all(0 < span.stop - span.start <= tile for span in spans)
        assert all(a.stop - b.start == overlap for a, b in pairwise(spans))
        assert (spans[0].start, spans[-1].stop) == (0, length)


@pytest.mark.parametrize(
    ('length', 'tile', 'overlap', 'count'),
    [(1024, 640, 80, 2), (1000, 512, 64, 3), (600, 512, 64, 2)],
)
def test_tiles_are_few_and_of_nearly_one_size(length, tile, overlap, count):
    sides = [span.stop - span.start for span in split_axis(length, tile, overlap)]
    assert len(sides) == count
    assert max(sides) - min(sides) < 16 * count


def test_without_overlap_each_pixel_belongs_to_one_tile_alone():
    image = torch.rand(1, 3, 20, 30)
    result = blend_tiles(
        lambda part, top, left: torch.full_like(part, top * 100 + left), image, 10, 0
    )
    assert torch.equal(result[0, 0, ::10, ::10], torch.tensor([[0.0, 10, 20], [1000, 1010, 1020]]))
    assert torch.equal(result[..., :10, :10], torch.zeros(1, 3, 10, 10))


def test_the_function_is_told_where_its_tile_lies():
    image = torch.arange(40.0).expand(1, 3, 30, 40)
    blend_tiles(
        lambda part, top, left: part if part[0, 0, 0, 0] == left else pytest.fail('wrong place'),
        image,
        16,
        4,
    )


def test_a_network_that_sees_half_of_the_overlap_is_nearly_exact():
    torch.manual_seed(0)
    net = nn.Sequential(*[nn.Conv2d(3, 3, 3, padding=1) for _ in range(8)])
    image = torch.rand(1, 3, 70, 90)
    with torch.no_grad():
        whole = net(image)
        error = (blend_tiles(lambda part, top, left: net(part), image, 32, 16) - whole).abs().max()
        hard = (blend_tiles(lambda part, top, left: net(part), image, 32, 0) - whole).abs().max()
    assert error < 0.05 * hard


def test_a_network_with_strides_is_exact_when_tiles_begin_on_its_grid():
    net = nn.Sequential(nn.AvgPool2d(4), nn.Upsample(scale_factor=4))
    image = torch.rand(1, 3, 64, 80)
    result = blend_tiles(lambda part, top, left: net(part), image, 24, 8)
    torch.testing.assert_close(result, net(image), atol=1e-6, rtol=0)


def test_the_ramp_rises_from_0_to_1_and_is_even():
    ramp = hann_ramp(32)
    assert (ramp.diff() > 0).all()
    torch.testing.assert_close(ramp + ramp.flip(0), torch.ones(32))
    assert ramp[0] < 0.001


@pytest.mark.parametrize(
    ('tile', 'overlap'),
    [(672, 48), (512, 48), (256, 32), (128, 16), (500, 52), (20, 4), (8, 4), (1, 0)],
)
def test_the_default_overlap_is_an_eighth_up_to_48_and_keeps_tiles_on_a_grid(tile, overlap):
    assert default_overlap(tile) == overlap
    split_image(100, 100, tile, overlap)


@pytest.mark.parametrize(('tile', 'overlap'), [(0, 0), (-5, 0), (16, -1), (16, 9)])
def test_a_tile_that_cannot_be_is_refused(tile, overlap):
    with pytest.raises(ValueError, match=f'tile {tile} with overlap {overlap}'):
        split_image(32, 32, tile, overlap)


def test_batches_keep_the_order_and_hold_tiles_of_one_size():
    places = split_image(60, 110, 32, 4)
    batches = in_batches(places, 3)
    assert [place for batch in batches for place in batch] == places
    assert max(map(len, batches)) == 3
    for batch in batches:
        assert len({place.box[2:] for place in batch}) == 1


def test_a_function_that_changes_the_size_is_refused():
    with pytest.raises(ValueError, match='same size'):
        blend_tiles(lambda part, top, left: part[..., 1:], torch.rand(1, 3, 20, 20), 16, 4)


@pytest.mark.slow
def test_memory_stays_with_the_image_not_with_the_features():
    """A map of 64 channels of this image is 512 MiB; with tiles of 128 the peak is below 200."""
    code = (
        'import resource, torch\n'
        'from restorelab.utils.tiling import blend_tiles\n'
        'torch.set_num_threads(1)\n'
        'net = torch.nn.Sequential(torch.nn.Conv2d(3, 64, 1), torch.nn.Conv2d(64, 3, 1))\n'
        'net = net.requires_grad_(False)\n'
        'image = torch.rand(1, 3, 1024, 2048)\n'
        'net(image[..., :128, :128])\n'
        'start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n'
        'blend_tiles(lambda part, top, left: net(part), image, 128, 16)\n'
        'print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start)\n'
    )
    ran = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    unit = 2**20 if sys.platform == 'darwin' else 2**10
    assert int(ran.stdout) / unit < 200
