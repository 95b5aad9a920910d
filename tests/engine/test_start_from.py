import pytest
import torch
from mmengine.model import BaseModule
from mmengine.registry import DefaultScope
from torch import nn

from restorelab.engine import StartFrom
from restorelab.utils.checkpoint import CheckpointError


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('restorelab'):
        yield


class Whole(BaseModule):
    def __init__(self, **init_cfg):
        super().__init__(dict(type='StartFrom', **init_cfg) if init_cfg else None)
        self.trunk, self.new = nn.Linear(2, 2), nn.Linear(2, 2)


def saved(tmp_path, state: dict) -> str:
    torch.save(dict(state_dict=state), tmp_path / 'earlier.pth')
    return str(tmp_path / 'earlier.pth')


def test_it_loads_what_the_file_knows_and_leaves_the_rest(tmp_path):
    trunk = nn.Linear(2, 2)
    path = saved(tmp_path, {f'trunk.{key}': value for key, value in trunk.state_dict().items()})
    model = Whole(checkpoint=path)
    before = model.new.weight.clone()
    model.init_weights()
    assert torch.equal(model.trunk.weight, trunk.weight)
    assert torch.equal(model.new.weight, before)


def test_a_part_is_taken_alone(tmp_path):
    joint = {
        **{f'restorer.{key}': value for key, value in Whole().state_dict().items()},
        'task.weight': torch.ones(1),
    }
    model = Whole(checkpoint=saved(tmp_path, joint), part='restorer')
    model.init_weights()
    assert torch.equal(model.new.bias, joint['restorer.new.bias'])


def test_a_part_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(CheckpointError, match='no weights for this part'):
        StartFrom(saved(tmp_path, Whole().state_dict()), part='restorer')(Whole())


@pytest.mark.parametrize(
    ('state', 'what'),
    [
        ({'trunk.wieght': torch.zeros(2, 2)}, 'unexpected 1: trunk.wieght'),
        ({'trunk.weight': torch.zeros(3, 2)}, 'reshaped 1: trunk.weight'),
    ],
)
def test_weights_without_a_place_are_refused_by_name(tmp_path, state, what):
    with pytest.raises(CheckpointError, match=what):
        StartFrom(saved(tmp_path, state))(Whole())


def test_missing_weights_are_those_of_a_stage_to_be_trained_first(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r'nowhere\.pth: no such weights.*train that one first'
    ):
        StartFrom(str(tmp_path / 'nowhere.pth'))(torch.nn.Linear(1, 1))
