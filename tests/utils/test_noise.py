"""The noise depends on the position in the image."""

import pytest
import torch

from restorelab.utils import CropNoise, LatticeNoise


@pytest.mark.parametrize(('top', 'left'), [(0, 0), (64, 128), (13, 77), (130, 5)])
def test_a_tile_has_the_noise_of_the_whole_image(top, left):
    whole, part = LatticeNoise(3), LatticeNoise(3, top, left)
    for _ in range(2):
        noise = whole(torch.empty(1, 3, 200, 210))
        assert torch.equal(
            part(torch.empty(1, 3, 50, 60)), noise[..., top : top + 50, left : left + 60]
        )


def test_it_is_standard_normal():
    noise = LatticeNoise(0)(torch.empty(1, 3, 512, 512))
    assert abs(noise.mean()) < 0.01
    assert abs(noise.std() - 1) < 0.01


@pytest.mark.parametrize('change', [dict(seed=1), dict(top=64), dict(left=64)])
def test_seeds_and_places_differ(change):
    like = torch.empty(1, 3, 64, 64)
    first, second = LatticeNoise(0)(like), LatticeNoise(**change)(like)
    assert abs((first * second).mean()) < 0.05


def test_draws_differ():
    noise, like = LatticeNoise(0), torch.empty(1, 3, 64, 64)
    assert abs((noise(like) * noise(like)).mean()) < 0.05


def test_every_image_of_a_batch_has_the_same():
    noise = LatticeNoise(0)(torch.empty(2, 3, 8, 8))
    assert torch.equal(noise[0], noise[1])


def test_a_latent_has_at_a_tile_what_the_whole_latent_has_there():
    whole = LatticeNoise(3).at_stride(8)(torch.empty(1, 4, 32, 32))
    tile = LatticeNoise(3, top=64, left=128).at_stride(8)(torch.empty(1, 4, 8, 8))
    assert torch.equal(tile, whole[..., 8:16, 16:24])


def test_the_global_generator_is_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    LatticeNoise(0)(torch.empty(1, 3, 8, 8))
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize('stride', [1, 8])
def test_crops_have_the_noise_of_their_places(stride):
    whole = LatticeNoise(3).at_stride(stride)(torch.empty(1, 4, 32, 32))
    places = [(0, 0), (8 * stride, 16 * stride)]
    crops = CropNoise([LatticeNoise(3, *place) for place in places]).at_stride(stride)
    noise = crops(torch.empty(2, 4, 8, 8))
    assert torch.equal(noise[:1], whole[..., :8, :8])
    assert torch.equal(noise[1:], whole[..., 8:16, 16:24])
