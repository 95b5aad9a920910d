import cv2
import numpy as np
import pytest
import torch

from restorelab.datasets import (
    BlackFillCrop,
    CenterCrop,
    ChannelHistEqualize,
    ModCrop,
    PackRestoration,
    RandomCrop,
    RandomFlip,
    RandomTranspose,
)
from tests.datasets.pictures import sample


def numbered(height, width):
    """A picture whose pixels all differ."""
    return np.arange(height * width * 3, dtype=np.int64).reshape(height, width, 3).astype(np.uint8)


def pair(height=13, width=17):
    """Two pictures that agree after any equal move of pixels."""
    picture = numbered(height, width)
    return dict(lq=255 - picture, gt=picture)


MOVES = dict(
    crop=RandomCrop(8),
    grow=RandomCrop(20),
    center=CenterCrop(9),
    mod=ModCrop(4),
    flip=RandomFlip(0.5, 0.5),
    transpose=RandomTranspose(),
)


@pytest.mark.parametrize('name', MOVES)
@pytest.mark.parametrize('seed', range(4))
def test_lq_and_gt_move_together(name, seed):
    results = MOVES[name](sample(**pair(), seed=seed))
    np.testing.assert_array_equal(results['lq'], 255 - results['gt'])


@pytest.mark.parametrize('name', MOVES)
def test_a_sample_without_lq_is_moved_too(name):
    assert 'lq' not in MOVES[name](sample(gt=numbered(13, 17)))


@pytest.mark.parametrize(
    'transform', [RandomCrop(8), RandomFlip(), PackRestoration()], ids=lambda t: type(t).__name__
)
def test_images_of_different_sizes_are_refused_by_name(transform):
    with pytest.raises(ValueError, match=r"'k' \(k.png\): lq and gt differ in size"):
        transform(sample(lq=numbered(10, 12), gt=numbered(12, 12)))


def test_random_crop_reaches_every_corner():
    corners = {
        int(RandomCrop(2)(sample(gt=numbered(3, 3), seed=seed))['gt'][0, 0, 0])
        for seed in range(60)
    }
    assert corners == {0, 3, 9, 12}


@pytest.mark.parametrize('size', [(1, 1), (3, 40), (7, 8)], ids=str)
def test_crop_continues_a_small_image_by_reflection(size):
    picture = numbered(*size)
    out = RandomCrop(8)(sample(gt=picture))['gt']
    assert out.shape == (8, 8, 3)
    assert set(np.unique(out)) <= set(np.unique(picture))


def test_center_crop_takes_the_middle():
    np.testing.assert_array_equal(
        CenterCrop(3)(sample(gt=numbered(7, 9)))['gt'], numbered(7, 9)[2:5, 3:6]
    )


def test_mod_crop_cuts_at_the_right_and_the_bottom():
    np.testing.assert_array_equal(
        ModCrop(4)(sample(gt=numbered(9, 14)))['gt'], numbered(9, 14)[:8, :12]
    )


def test_mod_crop_names_an_image_that_would_vanish():
    with pytest.raises(ValueError, match="'k': gt is 3x9, smaller than the divisor 4"):
        ModCrop(4)(sample(gt=numbered(3, 9)))


def test_flips_and_transpose_give_the_eight_turns_of_a_square():
    flip, transpose = RandomFlip(0.5, 0.5), RandomTranspose()
    turns = {
        transpose(flip(sample(gt=numbered(2, 2), seed=seed)))['gt'].tobytes() for seed in range(100)
    }
    assert len(turns) == 8


def test_flip_never_and_always():
    picture = numbered(4, 5)
    np.testing.assert_array_equal(RandomFlip(0, 0)(sample(gt=picture))['gt'], picture)
    np.testing.assert_array_equal(RandomFlip(1, 0)(sample(gt=picture))['gt'], picture[:, ::-1])


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


def test_packing_gives_tensors_and_says_what_the_sample_is():
    images = pair()
    packed = PackRestoration()(sample(**images))
    assert packed['inputs'].dtype == torch.uint8
    np.testing.assert_array_equal(packed['inputs'].permute(1, 2, 0).numpy(), images['lq'])
    np.testing.assert_array_equal(packed['data_samples'].gt.permute(1, 2, 0).numpy(), images['gt'])
    assert packed['data_samples'].metainfo == dict(
        key='k', degradation='noise', path='k.png', ori_shape=(13, 17)
    )


def test_packing_without_clean_image_has_no_gt():
    assert 'gt' not in PackRestoration()(sample(lq=numbered(4, 4)))['data_samples']


def test_packing_without_degraded_image_says_what_is_missing():
    with pytest.raises(KeyError, match='put Degrade before'):
        PackRestoration()(sample(gt=numbered(4, 4)))


def test_black_fill_crop_continues_a_short_side_in_black():
    results = BlackFillCrop(20)(sample(**pair(height=13, width=25)))
    assert results['lq'].shape == results['gt'].shape == (20, 20, 3)
    assert not results['gt'][13:].any()
    assert not results['lq'][13:].any()
    np.testing.assert_array_equal(results['gt'][:13], 255 - results['lq'][:13])


def test_black_fill_crop_stretches_an_image_with_no_longer_side():
    flat = np.full((13, 17, 3), 51, np.uint8)
    results = BlackFillCrop(20)(sample(lq=flat, gt=flat))
    np.testing.assert_allclose(results['lq'], np.full((20, 20, 3), 0.2, np.float32), atol=1e-6)
