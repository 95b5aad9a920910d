"""Folds: disjoint, complete, the same wherever the data lie."""

import numpy as np
import pytest
from PIL import Image

from restorelab.datasets import FoldDataset
from restorelab.registry import DATASETS


def folder(root, count: int = 12):
    for number in range(count):
        (root / 'sub').mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(root / 'sub' / f'{number}.png')
    return root


def fold(root, folds, **options) -> FoldDataset:
    inner = dict(
        type='OnTheFlyDataset',
        source=str(root),
        degradations=['haze', 'noise'],
        seed=3,
        pipeline=[],
    )
    return DATASETS.build(dict(type='FoldDataset', folds=folds, dataset=inner, **options))


def keys(dataset) -> set[str]:
    return {record.key for record in dataset.records}


def test_folds_share_nothing_and_leave_nothing_out(tmp_path):
    root = folder(tmp_path)
    first, second, both = fold(root, [0]), fold(root, [1]), fold(root, [0, 1])
    assert not keys(first) & keys(second)
    assert keys(first) | keys(second) == keys(both)
    assert len(both) == 24


def test_folds_stay_when_the_data_move(tmp_path):
    assert keys(fold(folder(tmp_path / 'here'), [0])) == keys(fold(folder(tmp_path / 'there'), [0]))


def test_the_official_rule_looks_at_the_whole_path(tmp_path):
    here, there = (fold(folder(tmp_path / name), [0], official=True) for name in ('here', 'there'))
    assert keys(here) != keys(there)


def test_samples_say_their_fold_and_keep_seed_and_pipeline(tmp_path):
    dataset = fold(folder(tmp_path), [1])
    assert dataset.seed == 3
    assert dataset[0]['fold'] == 1


def test_folds_of_folds(tmp_path):
    root = folder(tmp_path)
    inner = dict(
        type='FoldDataset',
        num_folds=3,
        folds=[0, 1],
        dataset=dict(type='OnTheFlyDataset', source=str(root), degradations=['haze'], pipeline=[]),
    )
    both = DATASETS.build(dict(type='FoldDataset', dataset=inner))
    assert keys(both) == keys(DATASETS.build(inner))
    assert {record.fold for record in both.records} <= {0, 1}


def test_an_empty_choice_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r'no sample of 24 is in the folds \[5\] of 2'):
        fold(folder(tmp_path), [5])


def test_a_mixture_is_refused(tmp_path):
    part = dict(
        type='OnTheFlyDataset', source=str(folder(tmp_path)), degradations=['haze'], pipeline=[]
    )
    with pytest.raises(TypeError, match='put one into each part of a mixture'):
        DATASETS.build(dict(type='FoldDataset', dataset=dict(type='MixedDataset', datasets=[part])))
