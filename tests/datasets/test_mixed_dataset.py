"""Several data sets as one."""

import pytest

from restorelab.datasets import MixedDataset, PairedDataset
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


def test_one_data_set_comes_once_for_each_task(root):
    mix = MixedDataset(dataset=clean(root, 'noise'), tasks=['ir', 'det'])
    assert mix.tasks == ['ir', 'ir', 'det', 'det']
    assert [sample['data_samples'].task for sample in mix] == mix.tasks
    assert (mix[0]['inputs'] == mix[2]['inputs']).all()


@pytest.mark.parametrize(
    'options',
    [
        dict(),
        dict(tasks=['ir']),
        dict(dataset=dict(type='OnTheFlyDataset')),
        dict(datasets=[], dataset=dict(), tasks=['ir']),
    ],
    ids=str,
)
def test_data_sets_come_as_a_list_or_once_for_each_task(options):
    with pytest.raises(ValueError, match=r'takes datasets=\[...\], or one dataset=dict'):
        MixedDataset(**options)
