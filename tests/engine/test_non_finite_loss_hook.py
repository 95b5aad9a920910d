import os
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from torch import nn

from restorelab.apis.training import train
from restorelab.engine import NonFiniteLossHook
from restorelab.engine.non_finite_loss_hook import halved_rates
from restorelab.utils.checkpoint import read_checkpoint
from tests.engine.toys import toy_config

ROOT = Path(__file__).parents[2]


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
    cfg = Config(dict(optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1))))
    runner = SimpleNamespace(
        model=model, work_dir=str(tmp_path), iter=9, cfg=cfg, world_size=1, timestamp=''
    )
    with pytest.raises(
        FloatingPointError, match=r'iteration 10: 1 weights are not finite .*weight'
    ):
        NonFiniteLossHook().before_save_checkpoint(runner, checkpoint={})


def test_frozen_weights_and_buffers_may_hold_infinity(tmp_path):
    model = nn.Linear(2, 2).requires_grad_(False)
    nn.init.constant_(model.weight, float('inf'))
    model.register_buffer('mask', torch.tensor(float('-inf')))
    NonFiniteLossHook().before_save_checkpoint(SimpleNamespace(model=model), checkpoint={})


def test_the_rates_of_several_optimizers_are_halved():
    both = dict(a=dict(optimizer=dict(lr=1.0)), b=dict(optimizer=dict(lr=0.2), clip_grad=None))
    assert halved_rates(both) == {
        'optim_wrapper.a.optimizer.lr': 0.5,
        'optim_wrapper.b.optimizer.lr': 0.1,
    }


def advised(message: str) -> list[str]:
    """The command in the message; ``restorelab train`` is tools/train.py."""
    command = next(line for line in message.splitlines() if line.startswith('  restorelab '))
    return [sys.executable, 'tools/train.py', *shlex.split(command)[2:]]


@pytest.mark.slow
def test_the_advised_command_goes_on_at_half_the_rate(tmp_path):
    cfg = toy_config(tmp_path / 'a run', custom_imports=dict(imports=['tests.engine.toys']))
    cfg.model.poison_at = [5]  # counted in each process, so the second one meets no NaN
    with pytest.raises(FloatingPointError) as stop:
        train(cfg)
    environment = {
        **os.environ,
        'OMP_NUM_THREADS': '1',
        'CUDA_VISIBLE_DEVICES': '',
        'PYTHONPATH': str(ROOT),
    }
    result = subprocess.run(
        advised(str(stop.value)), cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert 'taken   optim_wrapper.optimizer.lr: 0.01 -> 0.005' in result.stdout
    group = read_checkpoint(tmp_path / 'a run/iter_6.pth')['optimizer']['param_groups'][0]
    assert group['initial_lr'] == 0.005
