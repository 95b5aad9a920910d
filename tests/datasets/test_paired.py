import numpy as np
import pytest

from restorelab.datasets import MixedDataset, PairedDataset
from restorelab.utils.images import read_image
from tests.datasets.pictures import save_all

PACK = [dict(type='PackRestoration')]
DEGRADE = [dict(type='RandomCrop', size=8), dict(type='Degrade'), dict(type='PackRestoration')]


@pytest.fixture
def root(tmp_path):
    save_all(tmp_path, ['lq/a.png', 'lq/b.png', 'gt/a.png', 'gt/b.png'])
    return tmp_path


def folders(root, **kwargs):
    return PairedDataset(
        PACK, root=root, **{**dict(degradation='rain', lq='lq', gt='gt'), **kwargs}
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


def test_a_list_file_may_name_the_task_of_each_image(root):
    (root / 'list.txt').write_text('lq/a.png gt/a.png\nlq/b.png gt/b.png haze\n')
    data = PairedDataset(PACK, root=root, degradation='rain', list_file=root / 'list.txt')
    assert data.degradations == ['rain', 'haze']
    assert [record.key for record in data.records] == ['lq_a', 'lq_b']


def test_a_list_without_any_task_is_refused(root):
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


def clean(root, degradation):
    save_all(root, ['gt/a.png', 'gt/b.png'])
    return dict(
        type='OnTheFlyDataset',
        source=str(root / 'gt'),
        degradations=[degradation],
        pipeline=DEGRADE,
    )


def test_a_mixture_repeats_its_parts(root):
    mix = MixedDataset([clean(root, 'noise'), clean(root, 'rain')], repeats=[3, 1])
    assert mix.degradations == ['noise'] * 6 + ['rain'] * 2
    assert [sample['data_samples'].degradation for sample in mix] == mix.degradations


def test_repetitions_and_epochs_of_a_mixture_draw_anew(root):
    mix = MixedDataset([clean(root, 'noise'), clean(root, 'rain')], repeats=[3, 1])
    seen = {mix[index]['inputs'].numpy().tobytes() for index in range(3 * len(mix))}
    assert len(seen) == 3 * len(mix)


def test_a_mixture_agrees_with_its_part_on_the_epoch(root):
    mix = MixedDataset([clean(root, 'noise'), clean(root, 'rain')], repeats=[3, 2])
    one = mix.parts[1]
    for index, inner in ((6, 0), (9, 3), (10 + 6, 4), (10 + 9, 7)):
        assert (mix[index]['inputs'] == one[inner]['inputs']).all()


def test_keys_of_a_mixture_are_unique(root):
    mix = MixedDataset([folders(root), folders(root, gt=None)])
    assert [sample['data_samples'].key for sample in mix] == ['a', 'b', 'a-2', 'b-2']


@pytest.mark.parametrize('repeats', [[1], [1, 0], [1, 2, 3]], ids=str)
def test_wrong_repeats_are_refused(root, repeats):
    with pytest.raises(ValueError, match='one number, at least 1, for each'):
        MixedDataset([folders(root), folders(root)], repeats)


def test_a_foreign_data_set_cannot_be_mixed(root):
    with pytest.raises(TypeError, match="'list'"):
        MixedDataset([folders(root), [1, 2]])
