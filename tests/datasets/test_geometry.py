"""Boxes, masks and label maps follow their pixels, whatever moves these."""

import numpy as np
import pytest

from restorelab.registry import TRANSFORMS


def sample(height: int = 40, width: int = 50, **more) -> dict:
    """A black image with one white rectangle, which is also its box, its mask and its label map."""
    top, left, bottom, right = 10, 20, 22, 44
    image = np.zeros((height, width, 3), np.uint8)
    image[top:bottom, left:right] = 255
    mask = (image[..., 0] > 0).astype(np.uint8)
    return dict(
        gt=image,
        lq=image.copy(),
        key='a',
        degradation='clean',
        path='a.png',
        ori_shape=(height, width),
        rng=np.random.default_rng(3),
        boxes=np.float32([[left, top, right, bottom]]),
        labels=np.array([2]),
        ignore=np.array([False]),
        masks=mask[None],
        sem_seg=mask,
        **more,
    )


def box_of(mask: np.ndarray) -> list[int]:
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return [cols[0], rows[0], cols[-1] + 1, rows[-1] + 1]


@pytest.mark.parametrize(
    'transform',
    [
        dict(type='RandomFlip', horizontal=1.0),
        dict(type='RandomFlip', horizontal=0.0, vertical=1.0),
        dict(type='RandomFlip', horizontal=1.0, vertical=1.0),
        dict(type='RandomTranspose', prob=1.0),
        dict(type='RandomCrop', size=32, objects=True),
        dict(type='CenterCrop', size=30),
        dict(type='CenterCrop', size=60),
        dict(type='ModCrop', divisor=16),
        dict(type='Resize', size=(80, 100)),
    ],
    ids=str,
)
def test_annotations_follow_the_pixels(transform):
    moved = TRANSFORMS.build(transform)(sample())
    white = (moved['gt'][..., 0] > 127).astype(np.uint8)
    assert np.array_equal(moved['lq'], moved['gt'])
    np.testing.assert_allclose(moved['boxes'][0], box_of(white))
    np.testing.assert_array_equal(moved['masks'][0], white)
    np.testing.assert_array_equal(moved['sem_seg'] == 1, white == 1)


def test_an_object_outside_the_crop_goes_with_its_label_and_mask():
    moved = TRANSFORMS.build(dict(type='CenterCrop', size=8))(
        sample() | dict(boxes=np.float32([[0, 0, 5, 5]]), masks=np.zeros((1, 40, 50), np.uint8))
    )
    assert [len(moved[name]) for name in ('boxes', 'labels', 'ignore', 'masks')] == [0, 0, 0, 0]


def test_a_crop_that_wants_objects_finds_the_only_one():
    def found(**options) -> list[int]:
        crop = TRANSFORMS.build(dict(type='RandomCrop', size=40, **options))
        return [
            len(crop(sample(80, 80) | dict(rng=np.random.default_rng(seed)))['boxes'])
            for seed in range(20)
        ]

    assert 0 in found()
    assert found(objects=True) == [1] * 20


def test_a_random_resize_leaves_room_for_the_crop_that_follows():
    moved = TRANSFORMS.build(dict(type='RandomResize', scale=(0.5, 0.6), smallest=60))(sample())
    assert moved['gt'].shape[:2] == (60, 75)


def test_packing_names_annotations_as_openmmlab_does():
    packed = TRANSFORMS.build(dict(type='PackRestoration'))(sample(img_id=7, task='det'))[
        'data_samples'
    ]
    assert packed.gt_instances.bboxes.tolist() == [[20, 10, 44, 22]]
    assert packed.gt_instances.masks.shape == (1, 40, 50)
    assert len(packed.ignored_instances) == 0
    assert packed.gt_sem_seg.sem_seg.shape == (1, 40, 50)
    assert (packed.img_id, packed.task) == (7, 'det')
