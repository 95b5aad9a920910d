"""Shapes on photographs."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from restorelab.datasets import ComposedObjects


def test_composed_objects_are_the_same_every_time(tmp_path):
    sets = [
        ComposedObjects('val', [], root=tmp_path / name, size=32, num_images=3, with_masks=True)
        for name in 'ab'
    ]
    for first, second in zip(*sets, strict=True):
        np.testing.assert_array_equal(first['gt'], second['gt'])
    assert (tmp_path / 'a/val.json').read_text() == (tmp_path / 'b/val.json').read_text()


def test_several_may_write_a_composed_set_at_once(tmp_path):
    def count(_) -> int:
        return len(ComposedObjects('val', [], root=tmp_path, size=64, num_images=8))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(count, range(4))) == [8] * 4
    assert len(list((tmp_path / 'val').glob('*.png'))) == 8


def test_composed_masks_fill_their_boxes(tmp_path):
    for sample in ComposedObjects('val', [], root=tmp_path, size=48, num_images=4, with_masks=True):
        for box, mask in zip(sample['boxes'].astype(int), sample['masks'], strict=True):
            left, top, right, bottom = box
            assert mask.sum() == mask[top:bottom, left:right].sum() > 0
            assert mask[top:bottom, left:right].any(axis=0).all()


def test_the_splits_differ(tmp_path):
    train, val = (
        ComposedObjects(split, [], root=tmp_path, size=32, num_images=2)
        for split in ('train', 'val')
    )
    assert not np.array_equal(train[0]['gt'], val[0]['gt'])


def test_other_options_write_the_set_anew(tmp_path):
    ComposedObjects('val', [], root=tmp_path, size=32, num_images=2)
    assert len(ComposedObjects('val', [], root=tmp_path, size=32, num_images=3)) == 3


def test_an_annotation_file_of_someone_else_is_not_replaced(tmp_path):
    (tmp_path / 'val.json').write_text('{}')
    with pytest.raises(FileExistsError, match=r'val\.json is another annotation file'):
        ComposedObjects('val', [], root=tmp_path, size=32, num_images=2)
