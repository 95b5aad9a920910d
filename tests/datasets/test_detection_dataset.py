"""Images with annotated objects."""

import json
import logging

import numpy as np
import pytest
from PIL import Image

from restorelab.datasets import DetectionDataset
from restorelab.datasets import coco as coco_module
from tests.datasets.coco_cases import CASES
from tests.io.image_cases import PLACES

POLYGON = [[2, 2, 12, 2, 12, 10, 2, 10]]


def coco(folder, **changes) -> str:
    """Two images of 20x16 pixels (width x height); the second has no object."""
    rng = np.random.default_rng(0)
    for name in ('a.png', 'b.png'):
        Image.fromarray(rng.integers(0, 256, (16, 20, 3), dtype=np.uint8)).save(folder / name)
    content = dict(
        images=[
            dict(id=5, file_name='a.png', width=20, height=16),
            dict(id=9, file_name='b.png', width=20, height=16),
        ],
        annotations=[
            dict(
                id=1,
                image_id=5,
                category_id=3,
                bbox=[2, 2, 10, 8],
                iscrowd=0,
                area=80,
                segmentation=POLYGON,
            )
        ],
        categories=[dict(id=3, name='car'), dict(id=1, name='person')],
    )
    content.update(changes)
    (folder / 'instances.json').write_text(json.dumps(content))
    return str(folder / 'instances.json')


def dataset(folder, pipeline=(), **options):
    return DetectionDataset(coco(folder), pipeline, gt=folder, **options)


def test_objects_come_with_their_image(tmp_path):
    first = dataset(tmp_path, with_masks=True)[0]
    assert first['boxes'].tolist() == [[2, 2, 12, 10]]
    assert first['labels'].tolist() == [1]
    assert first['masks'].sum() > 70
    assert (first['img_id'], first['task'], first['key']) == (5, 'det', 'a')


def test_classes_are_in_the_order_of_the_categories_or_in_that_of_the_config(tmp_path):
    assert dataset(tmp_path).metainfo == dict(classes=('person', 'car'))
    assert dataset(tmp_path, classes=['car'])[0]['labels'].tolist() == [0]


def test_each_image_is_scored_once_and_trained_with_every_degradation(tmp_path):
    assert [r.degradation for r in dataset(tmp_path, degradations=['haze', 'noise']).records] == [
        'haze',
        'noise',
    ]
    assert len(dataset(tmp_path, degradations=['haze', 'noise'], all_degradations=True)) == 4


def test_images_without_objects_can_be_left_out(tmp_path):
    assert len(dataset(tmp_path)) == 2
    assert len(dataset(tmp_path, filter_empty=True)) == 1


def test_real_degraded_images_have_no_clean_one(tmp_path):
    sample = DetectionDataset(
        coco(tmp_path), [dict(type='PackRestoration')], lq=tmp_path, degradations=['fog']
    )[0]
    assert 'gt' not in sample['data_samples']
    assert len(sample['data_samples'].gt_instances) == 1


@pytest.mark.parametrize(
    ('changes', 'error', 'message'),
    [
        (
            dict(images=[dict(id=5, file_name='gone.png')]),
            FileNotFoundError,
            r'1 image\(s\) that are not in .*gone\.png',
        ),
        (
            dict(annotations=[dict(id=1, image_id=6, category_id=3, bbox=[0, 0, 1, 1])]),
            ValueError,
            r'annotations\[0\] \(id 1\): image_id 6 is the id of none of the 2 that the file',
        ),
        (
            dict(annotations=[dict(id=1, image_id=5, category_id=8, bbox=[0, 0, 1, 1])]),
            ValueError,
            r'annotations\[0\] \(id 1\): category_id 8 is the id of none of the 2 that',
        ),
        (dict(annotations=[]), ValueError, r'no image has an object of the classes person, car'),
    ],
    ids=['missing image', 'unknown image', 'unknown category', 'no object'],
)
def test_annotations_that_do_not_hold_together_are_named(tmp_path, changes, error, message):
    with pytest.raises(error, match=message):
        DetectionDataset(coco(tmp_path, **changes), [], gt=tmp_path)


def test_objects_outside_their_image_are_left_out_and_named(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(
        coco_module, 'print_log', lambda message, logger, level: said.append((message, level))
    )
    outside = dict(id=7, image_id=9, category_id=1, bbox=[30, 2, 5, 5])
    inside = dict(id=8, image_id=9, category_id=1, bbox=[1, 2, 5, 5])
    records = DetectionDataset(
        coco(tmp_path, annotations=[outside, inside]), [], gt=tmp_path
    ).records
    assert [len(record.objects) for record in records] == [0, 1]
    ((message, level),) = said
    assert '1 object(s) lie outside their image or have no size' in message
    assert 'b.png: box [30, 2, 5, 5] (annotation 7)' in message
    assert level == logging.WARNING


def test_a_class_that_the_file_does_not_have_is_named(tmp_path):
    with pytest.raises(KeyError, match=r"no class 'carr'; nearest: \['car'\]"):
        dataset(tmp_path, classes=['carr'])


def test_masks_that_are_wanted_and_missing_are_named(tmp_path):
    bare = [dict(id=1, image_id=5, category_id=3, bbox=[2, 2, 10, 8])]
    with pytest.raises(
        ValueError, match=r"1 object\(s\) have no 'segmentation'.*a\.png \(annotation 1\)"
    ):
        DetectionDataset(coco(tmp_path, annotations=bare), [], gt=tmp_path, with_masks=True)


def test_an_image_of_another_size_than_annotated_is_named(tmp_path):
    built = dataset(tmp_path)
    Image.new('RGB', (16, 20)).save(tmp_path / 'a.png')
    with pytest.raises(
        ValueError, match=r'a\.png: the annotations are for 20x16 pixels .* the image has 16x20'
    ):
        built[0]


def test_a_file_that_is_no_coco_json_is_named(tmp_path):
    (tmp_path / 'x.json').write_text('{"images": []}')
    with pytest.raises(
        ValueError,
        match=r"x\.json: .* 2 fault\(s\).*\n *'annotations' is mis.*\n *'categories' is missing",
    ):
        DetectionDataset(tmp_path / 'x.json', [], gt=tmp_path)


@pytest.mark.parametrize('case', CASES, ids=lambda case: case.name)
def test_every_fault_of_a_file_is_named_with_its_entry_before_any_image_is_read(tmp_path, case):
    path = case.make(tmp_path)
    if case.words is None:
        assert len(DetectionDataset(path, [], gt=tmp_path / 'images', with_masks=True)[0]['masks'])
        return
    with pytest.raises((ValueError, FileNotFoundError), match=case.words) as caught:
        DetectionDataset(path, [], gt=tmp_path / 'images')
    assert str(path) in str(caught.value)


def test_the_first_twenty_faults_come_in_one_error(tmp_path):
    wrong = [dict(id=n, image_id=5, category_id=3, bbox=[0, 0, 1, None]) for n in range(50)]
    with pytest.raises(ValueError, match=r'50 fault\(s\)') as caught:
        DetectionDataset(coco(tmp_path, annotations=wrong), [], gt=tmp_path)
    lines = str(caught.value).split('\n')
    assert (len(lines), lines[-1].strip()) == (22, 'and 30 more')


@pytest.mark.parametrize('case', PLACES[:6], ids=lambda case: case.name)
def test_an_image_that_is_no_file_is_named(tmp_path, case):
    path = coco(tmp_path)
    (tmp_path / 'a.png').unlink()
    case.make(tmp_path)
    with pytest.raises(FileNotFoundError, match=r'a\.png \(image 5\): is a'):
        DetectionDataset(path, [], gt=tmp_path)


def test_a_link_inside_the_folder_may_lead_to_a_file_elsewhere(tmp_path):
    path = coco(tmp_path)
    (tmp_path / 'a.png').rename(tmp_path / 'other.png')
    (tmp_path / 'a.png').symlink_to('other.png')
    assert len(DetectionDataset(path, [], gt=tmp_path)) == 2


def test_compressed_run_lengths_are_those_of_pycocotools(tmp_path):
    mask = pytest.importorskip('pycocotools.mask')
    seen = np.random.default_rng(0).random((16, 20)) < 0.4
    packed = mask.encode(np.asfortranarray(seen.astype(np.uint8)))
    segment = dict(size=[16, 20], counts=packed['counts'].decode())
    annotation = dict(id=1, image_id=5, category_id=3, bbox=[2, 2, 10, 8], segmentation=segment)
    path = coco(tmp_path, annotations=[annotation])
    (found,) = DetectionDataset(path, [], gt=tmp_path, with_masks=True)[0]['masks']
    np.testing.assert_array_equal(found, seen)
