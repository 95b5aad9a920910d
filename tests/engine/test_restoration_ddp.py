import pytest
import torch
from torch import nn

from restorelab.engine import RestorationDDP
from restorelab.models.contracts import Model


class Two(Model):
    """One of its two weights takes part."""

    def __init__(self, find_unused_parameters: bool):
        super().__init__(nn.Identity())
        self.find_unused_parameters = find_unused_parameters
        self.used, self.idle = nn.Linear(1, 1), nn.Linear(1, 1)

    def tensor(self, inputs):
        return self.used(inputs)


@pytest.fixture
def group(tmp_path):
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/group', rank=0, world_size=1
    )
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize('unused', [True, False])
@pytest.mark.usefixtures('group')
def test_it_asks_the_model_whether_a_batch_may_leave_weights_out(unused):
    wrapped = RestorationDDP(Two(unused))
    assert wrapped.find_unused_parameters == unused


@pytest.mark.usefixtures('group')
def test_a_model_that_says_so_trains_although_weights_are_idle():
    wrapped = RestorationDDP(Two(True))
    for _ in range(2):
        wrapped(torch.ones(1, 1)).sum().backward()
    assert wrapped.module.idle.weight.grad is None
    assert wrapped.module.used.weight.grad is not None


@pytest.mark.usefixtures('group')
def test_a_model_of_another_library_needs_no_such_attribute():
    assert not RestorationDDP(nn.Linear(1, 1)).find_unused_parameters
