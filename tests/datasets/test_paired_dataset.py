"""Degraded images and their clean ones."""

import numpy as np
import pytest
from PIL import Image

from restorelab.datasets import (
    PairedDataset,
)
from restorelab.io.images import read_image
from restorelab.registry import DATASETS
from tests.datasets.pictures import save_all

PACK = [dict(type='PackRestoration')]


@pytest.fixture
def root(tmp_path):
    save_all(tmp_path, ['lq/a.png', 'lq/b.png', 'gt/a.png', 'gt/b.png'])
    return tmp_path


def folders(root, **kwargs):
    return PairedDataset(
        PACK, root=root, **{**dict(degradation='rain', lq='lq', gt='gt'), **kwargs}
    )


def sample(height: int = 20, width: int = 37, **images) -> dict:
    picture = np.arange(height * width * 3, dtype=np.int64).reshape(height, width, 3) % 251
    return dict(
        lq=picture.astype(np.uint8),
        gt=picture.astype(np.uint8),
        key='k',
        path='k.png',
        degradation='haze',
        ori_shape=(height, width),
        rng=np.random.default_rng(0),
        **images,
    )


def test_a_sample_holds_both_images_and_its_names(root):
    sample = folders(root)[1]
    np.testing.assert_array_equal(
        sample['inputs'].permute(1, 2, 0).numpy(), read_image(root / 'lq/b.png')
    )
    np.testing.assert_array_equal(
        sample['data_samples'].gt.permute(1, 2, 0).numpy(), read_image(root / 'gt/b.png')
    )
    assert sample['data_samples'].metainfo == dict(
        key='b', degradation='rain', path=str(root / 'lq/b.png'), ori_shape=(24, 20)
    )


def test_without_clean_folder_there_is_no_gt(root):
    assert 'gt' not in folders(root, gt=None)[0]['data_samples']


def test_degraded_images_without_partner_are_named(root):
    (root / 'gt/b.png').unlink()
    with pytest.raises(ValueError, match=r'1 image\(s\) in .*lq have no partner in .*gt: .*b\.png'):
        folders(root)


def test_unused_clean_images_are_left_out(root):
    save_all(root, ['gt/c.png'])
    assert len(folders(root)) == 2


def test_patterns_pair_images_of_different_names(tmp_path):
    save_all(tmp_path, ['lq/rain-1.png', 'lq/rain-2.png', 'gt/norain-1.png', 'gt/norain-2.png'])
    pairs = folders(tmp_path, lq_name=r'rain-(\d)', gt_name=r'norain-(\d)')
    assert [record.gt.name for record in pairs.records] == ['norain-1.png', 'norain-2.png']


def test_a_list_file_may_name_the_degradation_of_each_image(root):
    (root / 'list.txt').write_text('lq/a.png gt/a.png\nlq/b.png gt/b.png haze\n')
    data = PairedDataset(PACK, root=root, degradation='rain', list_file=root / 'list.txt')
    assert data.degradations == ['rain', 'haze']
    assert [record.key for record in data.records] == ['lq_a', 'lq_b']


def test_a_list_without_any_degradation_is_refused(root):
    (root / 'list.txt').write_text('lq/a.png gt/a.png\n')
    with pytest.raises(ValueError, match=r'no degradation for .*a\.png'):
        PairedDataset(PACK, root=root, list_file=root / 'list.txt')


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(list_file='list.txt'), 'give the folder lq'),
        (dict(lq=None), 'give the folder lq'),
        (dict(degradation=None), 'say its degradation'),
    ],
)
def test_contradicting_options_are_refused(root, options, message):
    with pytest.raises(ValueError, match=message):
        folders(root, **options)


def test_pairs_with_renderings_of_the_same_names(tmp_path):
    for kind in ('lq', 'gt', 'rendered'):
        (tmp_path / kind).mkdir()
        Image.fromarray(sample()['lq']).save(tmp_path / kind / 'a.png')
    options = dict(
        type='PairedDataset',
        degradation='haze',
        root=tmp_path,
        lq='lq',
        gt='gt',
        rendered='rendered',
        pipeline=[],
    )
    assert DATASETS.build(options)[0]['rendered'].shape == (20, 37, 3)
    Image.fromarray(sample()['lq']).save(tmp_path / 'rendered' / 'b.png')
    (tmp_path / 'rendered' / 'a.png').unlink()
    with pytest.raises(ValueError, match=r'1 image\(s\) have no rendering of the same name'):
        DATASETS.build(options)
