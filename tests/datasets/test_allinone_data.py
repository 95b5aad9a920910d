"""configs/_base_/allinone_data.py, through MMEngine's own builder."""

from itertools import islice
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope, init_default_scope
from mmengine.runner import Runner

DEGRADATIONS = ['blur', 'haze', 'lowlight', 'noise', 'rain']


@pytest.fixture
def cfg():
    previous = DefaultScope.get_current_instance()
    init_default_scope('restorelab')
    yield Config.fromfile(Path(__file__).parents[2] / 'configs/_base_/allinone_data.py')
    init_default_scope(previous.scope_name if previous else 'mmengine')


def test_training_batches_hold_each_degradation_twice(cfg):
    cfg.train_dataloader.update(num_workers=0, persistent_workers=False)
    batches = list(islice(Runner.build_dataloader(cfg.train_dataloader, seed=0), 3))
    assert [[sample.degradation for sample in batch['data_samples']] for batch in batches] == [
        DEGRADATIONS * 2
    ] * 3
    assert {tuple(image.shape) for batch in batches for image in batch['inputs']} == {(3, 128, 128)}


def test_validation_shows_the_center_of_the_held_out_photograph_in_each_degradation(cfg):
    cfg.val_dataloader.update(num_workers=0, persistent_workers=False)
    batches = list(Runner.build_dataloader(cfg.val_dataloader, seed=0))
    assert [batch['data_samples'][0].key for batch in batches] == [
        f'coffee_{degradation}' for degradation in DEGRADATIONS
    ]
    assert {tuple(batch['inputs'][0].shape) for batch in batches} == {(3, 256, 256)}
