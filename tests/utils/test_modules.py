"""Parts outside the checkpoint, models inside wrappers."""

import copy

import pytest
import torch
from mmengine.registry import MODEL_WRAPPERS
from torch import nn

from restorelab.utils.modules import keep_out_of_checkpoint, unwrap


@MODEL_WRAPPERS.register_module()
class Wrapper(nn.Module):
    """Holds a model as MMEngine's wrappers do."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.module = module


class Frozen(nn.Module):
    """Buffers of both kinds, and one weight under two names."""

    def __init__(self):
        super().__init__()
        self.body = nn.BatchNorm1d(3)
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)
        self.second.weight = self.first.weight
        self.first.register_buffer('scratch', torch.zeros(2), persistent=False)
        self.register_buffer('scale', torch.ones(1))


@pytest.fixture
def model():
    model = nn.Sequential(nn.Linear(3, 3), nn.ModuleDict(dict(frozen=Frozen())))
    keep_out_of_checkpoint(model[1]['frozen'])
    return model


def test_it_is_in_no_state_dict(model):
    assert set(model.state_dict()) == {'0.weight', '0.bias'}
    assert model[1]['frozen'].state_dict() == {}


def test_a_strict_load_does_not_miss_it(model):
    before = copy.deepcopy(dict(model[1].named_parameters()))
    model.load_state_dict(model.state_dict(), strict=True)
    assert all(torch.equal(before[name], value) for name, value in model[1].named_parameters())


def test_a_strict_load_still_misses_the_rest(model):
    state = model.state_dict()
    del state['0.bias']
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "0.bias"'):
        model.load_state_dict(state)


def test_it_works_for_the_whole_of_a_model():
    frozen = Frozen()
    keep_out_of_checkpoint(frozen)
    frozen.load_state_dict({}, strict=True)


def test_a_copy_keeps_the_habit(model):
    copied = copy.deepcopy(model)
    assert set(copied.state_dict()) == {'0.weight', '0.bias'}
    copied.load_state_dict(model.state_dict(), strict=True)


def test_the_dict_that_is_loaded_is_left_alone(model):
    state = model.state_dict()
    model.load_state_dict(state)
    assert set(state) == {'0.weight', '0.bias'}


def test_a_model_comes_out_of_its_wrapper():
    model = nn.Linear(3, 3)
    assert unwrap(model) is model
    assert unwrap(Wrapper(model)) is model


def test_a_model_with_a_member_called_module_is_no_wrapper():
    model = nn.Sequential()
    model.module = nn.Linear(3, 3)
    assert unwrap(model) is model
