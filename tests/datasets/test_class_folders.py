"""Images with a class each."""

import numpy as np
import pytest
from PIL import Image

from restorelab.datasets import ClassFolders

PIPELINE = [dict(type='RandomCrop', size=6), dict(type='Degrade'), dict(type='PackRestoration')]


def picture(path, size=(8, 10, 3)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 9, size, dtype=np.uint8)).save(path)


def test_classes_are_numbered_by_name(tmp_path):
    for name in ('zebra/deep/1.png', 'ant/1.png'):
        picture(tmp_path / name)
    data = ClassFolders(tmp_path, PIPELINE, degradation='clean')
    assert data.metainfo == dict(classes=['ant', 'zebra'])
    assert [int(sample['data_samples'].gt_label) for sample in data] == [0, 1]
    assert [sample['data_samples'].task for sample in data] == ['cls', 'cls']


def test_an_image_outside_of_the_classes_is_named(tmp_path):
    picture(tmp_path / 'stray.png')
    with pytest.raises(ValueError, match='stray lie in no class'):
        ClassFolders(tmp_path, PIPELINE, degradation='clean')
