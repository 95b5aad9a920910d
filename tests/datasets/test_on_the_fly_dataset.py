"""Clean photographs that are degraded while they are read."""

import sys

import numpy as np
import pytest
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from restorelab.datasets import (
    BalancedBatchSampler,
    InfiniteSeededSampler,
    OnTheFlyDataset,
)
from tests.datasets.pictures import save_all

DEGRADATIONS = ['blur', 'haze', 'lowlight', 'noise', 'rain']


PIPELINE = [
    dict(type='RandomCrop', size=48),
    dict(type='RandomFlip'),
    dict(type='Degrade'),
    dict(type='PackRestoration'),
]


def images_of(batches):
    return [image.numpy() for batch in batches for image in batch['inputs']]


def embedded(**kwargs):
    return OnTheFlyDataset(degradations=DEGRADATIONS, pipeline=PIPELINE, **kwargs)


def test_embedded_photographs_do_not_import_skimage():
    modules = set(sys.modules)
    embedded()[0]
    assert not [
        name for name in set(sys.modules) - modules if name.split('.')[0] in ('skimage', 'pooch')
    ]


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match=r"split 'test'.*\['train', 'val'\]"):
        embedded(split='test')


def test_index_runs_over_degradations_within_images():
    data = embedded()
    assert data.degradations == DEGRADATIONS * 5
    assert len(data) == 25
    assert [data.records[n].key for n in (0, 4, 5)] == [
        'astronaut_blur',
        'astronaut_rain',
        'chelsea_blur',
    ]


def test_keys_are_unique():
    keys = [record.key for record in embedded().records]
    assert len(set(keys)) == len(keys)


def test_plain_indices_always_give_the_same_sample():
    first, again = embedded()[7], embedded()[7]
    assert (first['inputs'] == again['inputs']).all()


@pytest.mark.parametrize(
    'other', [dict(index=7 + 25), dict(index=7, seed=1)], ids=['epoch', 'seed']
)
def test_another_epoch_or_seed_degrades_anew(other):
    index = other.pop('index')
    assert (embedded()[7]['inputs'] != embedded(**other)[index]['inputs']).any()


@pytest.mark.parametrize('num_workers', [1, 2])
def test_any_number_of_workers_gives_the_same_stream(num_workers):
    def stream(workers):
        data = embedded()
        sampler = BalancedBatchSampler(InfiniteSeededSampler(data, seed=3), batch_size=4)
        loader = DataLoader(
            data, batch_sampler=sampler, num_workers=workers, collate_fn=pseudo_collate
        )
        return images_of(batch for batch, _ in zip(loader, range(8), strict=False))

    for ours, theirs in zip(stream(0), stream(num_workers), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_iterating_ends_after_one_pass():
    assert len(list(embedded())) == 25


def test_a_negative_index_is_refused():
    with pytest.raises(IndexError, match='count up from 0'):
        embedded()[-1]


def test_folders_are_read_to_the_bottom_and_joined(tmp_path):
    save_all(tmp_path / 'a', ['x.png', 'deep/x.jpg', '.hidden/y.png', 'note.txt.bmp'])
    save_all(tmp_path / 'b', ['x.tif'])
    (tmp_path / 'a' / 'readme.md').write_text('no image')
    data = OnTheFlyDataset(
        degradations=['noise'], pipeline=PIPELINE, source=[str(tmp_path / 'a'), tmp_path / 'b']
    )
    assert [record.key for record in data.records] == [
        'deep_x_noise',
        'note.txt_noise',
        'x_noise',
        'x-2_noise',
    ]


def test_one_folder_may_be_given_alone(tmp_path):
    save_all(tmp_path, ['x.png'])
    assert (
        len(
            OnTheFlyDataset(degradations=['noise', 'rain'], pipeline=PIPELINE, source=str(tmp_path))
        )
        == 2
    )


@pytest.mark.parametrize('degradations', [[], ['noise', 'noise']], ids=str)
def test_degradations_must_be_named_once(degradations):
    with pytest.raises(ValueError, match='name each wanted degradation once'):
        OnTheFlyDataset(degradations=degradations, pipeline=PIPELINE)


def test_an_unknown_degradation_is_refused_before_any_folder_is_looked_for():
    with pytest.raises(
        KeyError,
        match=r"degradation 'rian' \(OnTheFlyDataset, .*\); Degrade knows \['blur', .*'rain'",
    ):
        OnTheFlyDataset(degradations=['noise', 'rian'], pipeline=PIPELINE, source='no/such/folder')


def test_a_pipeline_without_degrade_takes_any_degradation():
    assert (
        OnTheFlyDataset(degradations=['dusk'], pipeline=[dict(type='RandomCrop', size=8)])[0][
            'degradation'
        ]
        == 'dusk'
    )
