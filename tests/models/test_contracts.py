"""Parts are held against their contract when they are built."""

import doctest
import inspect

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from torch import nn

from restorelab.models import contracts
from restorelab.models.contracts import (
    CONTRACTS,
    Model,
    RegressionBackbone,
    Sampler,
    check_contract,
)


def test_the_examples_run():
    found = doctest.testmod(contracts)
    assert found.attempted >= 2 * len(CONTRACTS)
    assert found.failed == 0


@pytest.mark.parametrize(
    'contract', sorted({c for group in CONTRACTS.values() for c in group}, key=str)
)
def test_every_contract_shows_an_example_and_says_shapes(contract):
    assert '>>> class' in contract.__doc__
    methods = contracts._required_methods(contract)
    assert methods
    for method in methods.values():
        assert '(' in inspect.getdoc(method), method


def test_a_class_of_another_base_is_refused_with_the_bases_to_choose_from():
    class Net(nn.Module):
        def forward(self, lq, ctx=None):
            return lq

    with pytest.raises(
        TypeError,
        match='backbone Net does not derive from RegressionBackbone or DiffusionBackbone',
    ):
        check_contract(Net, 'backbone')


def test_a_missing_argument_is_named_with_the_right_signature():
    class Net(RegressionBackbone):
        def forward(self, lq):
            return lq

    with pytest.raises(
        TypeError, match=r"forward lacks the argument \['ctx'\]; .*forward\(self, lq"
    ):
        check_contract(Net, 'backbone')


def test_an_argument_that_nobody_gives_is_named():
    class Net(RegressionBackbone):
        def forward(self, lq, mask, ctx=None):
            return lq

    with pytest.raises(TypeError, match=r"asks for \['mask'\], which nobody gives"):
        check_contract(Net, 'backbone')


def test_a_missing_method_is_named():
    class Idle(Sampler):
        pass

    with pytest.raises(TypeError, match='sampler Idle does not write __call__'):
        check_contract(Idle, 'sampler')


def test_further_arguments_with_defaults_are_fine():
    class Net(RegressionBackbone):
        def forward(self, lq, ctx=None, scale=1.0):
            return lq * scale

    check_contract(Net, 'backbone')


class Doubling(nn.Module):
    def forward(self, data, training):
        return dict(inputs=2 * data, data_samples=None)


class Scaling:
    """The forward pass of a model that learns a factor."""

    def forward(self, inputs, data_samples, mode):
        distance = (self.factor * inputs - 2).abs()
        return dict(loss_far=distance, loss_near=distance.mean() / 2, distance=distance)


class Ours(Scaling, Model):
    pass


class Theirs(Scaling, BaseModel):
    pass


def test_a_model_takes_the_training_step_of_mmengines_base_model():
    steps = []
    for kind in (Ours, Theirs):
        model = kind(Doubling())
        model.factor = nn.Parameter(torch.ones(1))
        optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
        logged = model.train_step(torch.tensor([0.1, 0.5, 0.7]), optimizer)
        numbers = [value.item() for value in logged.values()]
        steps.append((list(logged), numbers, model.factor.item()))
    assert steps[0] == steps[1]
    assert steps[0][0] == ['loss', 'loss_far', 'loss_near', 'distance']
    assert steps[0][2] != 1
