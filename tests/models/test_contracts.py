"""Parts are held against their contract when they are built."""

import doctest
import inspect

import pytest
from torch import nn

from restorelab.models import contracts
from restorelab.models.contracts import CONTRACTS, RegressionBackbone, Sampler, check_contract


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
