from types import SimpleNamespace

import pytest
import torch
from torch import nn

from restorelab.apis.training import train
from restorelab.engine import NonFiniteLossHook
from tests.engine.toys import toy_config


def test_a_nan_loss_stops_the_training_and_names_the_last_good_checkpoint(tmp_path):
    with pytest.raises(
        FloatingPointError, match=r'iteration 5: .*loss.*nan.*last good checkpoint is .*iter_4\.pth'
    ):
        train(toy_config(tmp_path, **{'model.poison_at': [5]}))


def test_nothing_is_saved_in_the_iteration_of_a_nan_loss(tmp_path):
    with pytest.raises(FloatingPointError):
        train(toy_config(tmp_path, **{'model.poison_at': [4]}))
    assert [path.name for path in tmp_path.glob('*.pth')] == ['iter_2.pth']


def test_without_a_checkpoint_the_message_says_so(tmp_path):
    with pytest.raises(FloatingPointError, match='last good checkpoint is none'):
        train(toy_config(tmp_path, **{'model.poison_at': [1]}))


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_weights_that_are_not_finite_are_never_saved(tmp_path, value):
    model = nn.Linear(2, 2)
    nn.init.constant_(model.weight, value)
    runner = SimpleNamespace(model=model, work_dir=str(tmp_path), iter=9)
    with pytest.raises(
        FloatingPointError, match=r'iteration 10: 1 weights are not finite .*weight'
    ):
        NonFiniteLossHook().before_save_checkpoint(runner, checkpoint={})


def test_frozen_weights_and_buffers_may_hold_infinity(tmp_path):
    model = nn.Linear(2, 2).requires_grad_(False)
    nn.init.constant_(model.weight, float('inf'))
    model.register_buffer('mask', torch.tensor(float('-inf')))
    NonFiniteLossHook().before_save_checkpoint(SimpleNamespace(model=model), checkpoint={})
