import numpy as np
import pytest
import torch

from restorelab.datasets import DetectionDataset
from restorelab.datasets.openmmlab import adapted
from restorelab.registry import TRANSFORMS
from tests.datasets.test_detection_dataset import coco
from tests.datasets.test_geometry import box_of, sample

pytest.importorskip('mmdet')


def run(results: dict, **cfg) -> dict:
    return adapted(TRANSFORMS.build(cfg))(results)


@pytest.mark.parametrize(
    'cfg',
    [
        dict(type='mmdet.RandomFlip', prob=1.0),
        dict(type='mmdet.RandomFlip', prob=1.0, direction='vertical'),
        dict(type='mmdet.Resize', scale=(100, 80), keep_ratio=False),
        dict(type='mmdet.RandomCrop', crop_size=(30, 44), allow_negative_crop=False),
    ],
    ids=str,
)
def test_annotations_follow_the_pixels_of_both_images(cfg):
    moved = run(sample(), **cfg)
    white = (moved['gt'][..., 0] > 127).astype(np.uint8)
    np.testing.assert_array_equal(moved['lq'], moved['gt'])
    np.testing.assert_allclose(moved['boxes'][0], box_of(white))
    np.testing.assert_array_equal(moved['masks'][0], white)
    np.testing.assert_array_equal(moved['sem_seg'] == 1, white == 1)
    assert (moved['labels'].tolist(), moved['ignore'].tolist()) == ([2], [False])


def test_what_is_drawn_comes_from_the_sample_alone():
    torn = [run(sample(), type='mmdet.PhotoMetricDistortion')['gt'] for _ in range(2)]
    other = run(sample() | dict(rng=np.random.default_rng(4)), type='mmdet.PhotoMetricDistortion')[
        'gt'
    ]
    np.testing.assert_array_equal(*torn)
    assert not np.array_equal(torn[0], other)
    assert torn[0].dtype == np.uint8


def test_the_global_generators_stay_where_they_were():
    np.random.seed(5)  # noqa: NPY002
    wanted = np.random.random(3)  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    run(sample(), type='mmdet.PhotoMetricDistortion')
    np.testing.assert_array_equal(np.random.random(3), wanted)  # noqa: NPY002


def test_colors_arrive_in_the_order_that_openmmlab_reads():
    seen = {}

    class Look(type(TRANSFORMS.build(dict(type='mmdet.RandomFlip', prob=0.0)))):
        def transform(self, results):
            seen.update(results)
            return results

    red = sample()
    red['gt'] = red['lq'] = np.full((40, 50, 3), (200, 0, 0), np.uint8)
    np.testing.assert_array_equal(adapted(Look(prob=0.0))(red)['gt'], red['lq'])
    assert seen['img'][0, 0].tolist() == [0, 0, 200]


def test_a_sample_that_the_transform_refuses_is_named():
    empty = sample() | dict(
        boxes=np.zeros((0, 4), np.float32),
        labels=np.zeros(0, int),
        ignore=np.zeros(0, bool),
        masks=np.zeros((0, 40, 50), np.uint8),
    )
    with pytest.raises(
        ValueError, match=r"'a' \(a\.png\): RandomCrop finds nothing to keep in it, 10 times"
    ):
        run(empty, type='mmdet.RandomCrop', crop_size=(8, 8), allow_negative_crop=False)


def test_they_work_inside_a_data_sets_pipeline(tmp_path):
    data = DetectionDataset(
        coco(tmp_path),
        [
            dict(type='mmdet.PhotoMetricDistortion'),
            dict(type='mmdet.RandomFlip', prob=1.0),
            dict(type='Degrade'),
            dict(type='PackRestoration'),
        ],
        gt=tmp_path,
        degradations=['noise'],
        with_masks=True,
    )
    packed = data[0]['data_samples']
    assert packed.gt_instances.bboxes.tolist() == [[8, 2, 18, 10]]
    assert torch.equal(data[0]['inputs'], data[0]['inputs'])
