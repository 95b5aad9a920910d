"""Images with a label map each."""

import numpy as np
import pytest
from PIL import Image

from restorelab.datasets import LabelMapDataset

PIPELINE = [dict(type='RandomCrop', size=6), dict(type='Degrade'), dict(type='PackRestoration')]


def picture(path, size=(8, 10, 3)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 9, size, dtype=np.uint8)).save(path)


def maps(tmp_path, size=(8, 10)):
    picture(tmp_path / 'images/town/a_image.png')
    picture(tmp_path / 'maps/town/a_label.png', size)
    return dict(
        source=tmp_path / 'images',
        maps=tmp_path / 'maps',
        classes=['road', 'sky'],
        pipeline=PIPELINE,
        degradation='clean',
        suffix='_image',
        map_suffix='_label',
    )


def test_a_map_is_cut_with_its_image(tmp_path):
    sample = LabelMapDataset(**maps(tmp_path))[0]['data_samples']
    assert sample.task == 'seg'
    assert sample.gt_sem_seg.sem_seg.shape == (1, 6, 6)
    whole = np.array(Image.open(tmp_path / 'maps/town/a_label.png'))
    cut = sample.gt_sem_seg.sem_seg[0].numpy()
    windows = np.lib.stride_tricks.sliding_window_view(whole, (6, 6)).reshape(-1, 6, 6)
    assert (windows == cut).all(axis=(1, 2)).any()


def test_a_missing_map_is_named(tmp_path):
    options = maps(tmp_path)
    (tmp_path / 'maps/town/a_label.png').unlink()
    with pytest.raises(FileNotFoundError, match=r'1 label map.* are missing: .*a_label\.png'):
        LabelMapDataset(**options)


@pytest.mark.parametrize('size', [(8, 10, 3), (4, 5)])
def test_a_map_in_color_or_of_another_size_is_refused_when_the_set_is_built(tmp_path, size):
    with pytest.raises(ValueError, match=r'1 fault(.|\n)*a_label\.png: .*wanted is one channel'):
        LabelMapDataset(**maps(tmp_path, size))


def test_a_map_that_changed_since_is_named(tmp_path):
    built = LabelMapDataset(**maps(tmp_path))
    picture(tmp_path / 'maps/town/a_label.png', (4, 5))
    with pytest.raises(ValueError, match=r'a_label\.png: a map of \(4, 5\)'):
        built[0]
