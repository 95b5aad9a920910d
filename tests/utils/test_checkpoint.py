"""Checkpoints of MMEngine are read, no code in them is run, weights are loaded strictly."""

import pathlib
import re
from argparse import Namespace

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from safetensors.torch import save_file
from torch import nn

from restorelab.utils.checkpoint import CheckpointError, load_weights, model_state, read_checkpoint


class Exploit:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return pathlib.Path.touch, (self.path,)


class BorrowedGetattr:
    """Calls the ``getattr`` that is allowed for the statistics of a HistoryBuffer."""

    def __reduce__(self):
        return getattr, (torch.Tensor, 'backward')


def test_what_mmengine_writes_beside_the_weights_is_read(tmp_path):
    hub = MessageHub.get_instance('test_checkpoint')
    hub.update_scalar('train/loss', np.float32(2))
    hub.update_scalar('train/loss', 4)
    hub.update_info('best', dict(step=np.int64(3), good=np.bool_(True)))
    torch.save(
        dict(
            state_dict=dict(a=torch.ones(2)),
            message_hub=hub.state_dict(),
            meta=dict(seed=1, numpy=np.random.default_rng(0).bytes(4)),
        ),
        tmp_path / 'a.pth',
    )
    read = read_checkpoint(tmp_path / 'a.pth')
    assert read['message_hub']['log_scalars']['train/loss'].mean() == 3
    assert read['message_hub']['runtime_info']['best']['step'] == 3


def test_the_options_that_lightning_keeps_beside_the_weights_are_read(tmp_path):
    torch.save(
        dict(state_dict=dict(a=torch.ones(2)), hyper_parameters=dict(args=Namespace(lr=1e-4))),
        tmp_path / 'a.ckpt',
    )
    assert read_checkpoint(tmp_path / 'a.ckpt')['hyper_parameters']['args'].lr == 1e-4


@pytest.mark.parametrize(
    'make', [lambda path: Exploit(path), lambda path: BorrowedGetattr(), lambda path: path]
)
def test_code_in_a_checkpoint_is_not_run(tmp_path, make):
    torch.save(dict(state_dict={}, extra=make(tmp_path / 'was_run')), tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match=r'a\.pth: holds more than weights'):
        read_checkpoint(tmp_path / 'a.pth')
    assert not (tmp_path / 'was_run').exists()


def test_the_classes_allowed_here_stay_refused_elsewhere(tmp_path):
    hub = MessageHub.get_instance('test_checkpoint_scope')
    hub.update_scalar('loss', 1.0)
    torch.save(dict(hub=hub.state_dict()), tmp_path / 'a.pth')
    read_checkpoint(tmp_path / 'a.pth')
    with pytest.raises(Exception, match='Weights only load failed'):
        torch.load(tmp_path / 'a.pth', weights_only=True)


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'gone\.pth: no such checkpoint'):
        read_checkpoint(tmp_path / 'gone.pth')


def test_a_folder_is_no_checkpoint(tmp_path):
    with pytest.raises(FileNotFoundError, match='is a folder'):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize('name', ['a.pth', 'a.safetensors'])
@pytest.mark.parametrize('keep', [0, 2, 0.5, 0.99])
def test_a_truncated_checkpoint_is_named(tmp_path, name, keep):
    path = tmp_path / name
    weights = dict(a=torch.rand(50, 50))
    torch.save(weights, path) if name == 'a.pth' else save_file(weights, path)
    content = path.read_bytes()
    path.write_bytes(content[: keep if isinstance(keep, int) else int(keep * len(content))])
    with pytest.raises(
        CheckpointError, match=rf'{name}: (the checkpoint is empty|not a readable checkpoint)'
    ):
        read_checkpoint(path)


def test_a_foreign_file_is_named(tmp_path):
    (tmp_path / 'a.pth').write_text('hello world')
    with pytest.raises(CheckpointError, match=r'a\.pth: not a readable checkpoint'):
        read_checkpoint(tmp_path / 'a.pth')


def test_a_list_is_no_checkpoint(tmp_path):
    torch.save([torch.ones(1)], tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match=r'a\.pth: holds a list'):
        read_checkpoint(tmp_path / 'a.pth')


def test_safetensors_are_read_as_a_checkpoint(tmp_path):
    save_file(dict(a=torch.ones(2)), tmp_path / 'a.safetensors')
    assert torch.equal(
        read_checkpoint(tmp_path / 'a.safetensors')['state_dict']['a'], torch.ones(2)
    )


def test_the_state_of_a_checkpoint_is_its_moving_average_or_on_demand_the_raw_weights():
    average, raw = torch.zeros(1), torch.ones(1)
    checkpoint = dict(
        state_dict=dict(a=average), ema_state_dict={'module.a': raw, 'steps': torch.tensor(3)}
    )
    assert model_state(checkpoint, 'x') == dict(a=average)
    assert model_state(checkpoint, 'x', averaged=False) == dict(a=raw)


def test_a_bare_state_dict_is_taken_as_it_is():
    state = dict(a=torch.ones(1))
    assert model_state(state, 'x', averaged=False) == state


@pytest.mark.parametrize(
    'checkpoint', [{}, dict(meta=1), dict(state_dict={}), dict(state_dict=[1])]
)
def test_a_checkpoint_without_weights_is_named(checkpoint):
    with pytest.raises(CheckpointError, match=r'a\.pth: no weights found'):
        model_state(checkpoint, 'a.pth')


def test_weights_of_another_model_are_reported_key_by_key_and_change_nothing():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 3))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    state = {
        '0.weight': torch.zeros(2, 2),
        '0.bias': torch.zeros(5),
        '1.weight': torch.zeros(3, 2),
        'tail.bias': torch.zeros(3),
    }
    with pytest.raises(CheckpointError) as caught:
        load_weights(model, state, 'a.pth')
    assert str(caught.value).splitlines() == [
        'a.pth: these weights are not of this model (2 of its 4 entries fit). '
        'Use the config that the weights were trained with.',
        '  missing 1: 1.bias',
        '  unexpected 1: tail.bias',
        '  reshaped 1: 0.bias (5,) in the file, (2,) in the model',
    ]
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_a_long_report_is_cut():
    with pytest.raises(CheckpointError, match=r'unexpected 20: k00, .* and 12 more'):
        load_weights(nn.Identity(), {f'k{i:02}': torch.ones(1) for i in range(20)}, 'a.pth')


def test_half_precision_weights_load_as_float32():
    model = nn.Linear(2, 2)
    state = {key: torch.full_like(value, 0.5).half() for key, value in model.state_dict().items()}
    load_weights(model, state, 'a.pth')
    assert model.weight.dtype == torch.float32
    assert (model.weight == 0.5).all()


class Buffers(torch.nn.Module):
    """Tensors of each kind; ``unknown`` is not measured yet."""

    def __init__(self):
        super().__init__()
        self.register_buffer('weight', torch.zeros(2))
        self.register_buffer('count', torch.zeros(2, dtype=torch.int64))
        self.register_buffer('unknown', torch.full((2,), torch.nan))


@pytest.mark.parametrize(
    ('key', 'value', 'words'),
    [
        ('weight', torch.ones(2, dtype=torch.int8), 'weight is torch.int8 in the file'),
        ('weight', torch.ones(2, dtype=torch.bool), 'weight is torch.bool in the file'),
        ('weight', torch.ones(2, dtype=torch.complex64), 'weight is torch.complex64 in the file'),
        ('weight', torch.ones(2).to_sparse(), 'weight is torch.float32 (torch.sparse_coo)'),
        ('count', torch.ones(2), 'count is torch.float32 in the file, torch.int64 in the model'),
        ('count', torch.ones(2, dtype=torch.bool), 'count is torch.bool in the file'),
        ('weight', torch.tensor([1, torch.nan]), 'weight has 1 of 2 values that are not finite'),
        ('weight', torch.tensor([1, -torch.inf]), 'weight has 1 of 2 values'),
        ('weight', torch.tensor([1, torch.inf]).half(), 'weight has 1 of 2 values'),
        ('weight', torch.tensor([1, torch.nan]).to(torch.float8_e5m2), 'weight has 1 of 2 values'),
    ],
    ids=str,
)
def test_weights_of_another_kind_and_values_that_are_not_finite_are_named(key, value, words):
    model = Buffers()
    state = model.state_dict() | {key: value}
    with pytest.raises(CheckpointError, match=re.escape(f'a.pth: {words}')):
        load_weights(model, state, 'a.pth')
    assert not model.weight.any()


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64])
def test_floating_weights_of_another_width_load(dtype):
    model = Buffers()
    load_weights(model, model.state_dict() | dict(weight=torch.ones(2, dtype=dtype)), 'a.pth')
    assert model.weight.tolist() == [1, 1]
