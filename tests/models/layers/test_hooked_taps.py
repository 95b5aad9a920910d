"""Taps in networks of other libraries, on plain modules."""

import copy
from threading import Thread

import pytest
import torch
from torch import nn

from restorelab.models.layers.hooked_taps import tap_input, tap_output, tap_skips, tapped
from restorelab.structures import TapContext


class Add:
    def __init__(self, amount: float):
        self.amount = amount

    def on_tap(self, name, feat, ctx):
        return feat + self.amount


class UpBlock(nn.Module):
    """Takes its skips as diffusers' up blocks do."""

    def forward(self, hidden_states, res_hidden_states_tuple):
        return hidden_states + sum(
            weight * skip for weight, skip in enumerate(res_hidden_states_tuple, start=1)
        )


@pytest.fixture
def net() -> nn.Module:
    net = nn.Sequential(nn.Identity(), nn.Identity())
    tap_output(net[0], 'out')
    tap_input(net[1], 'in')
    return net


def context(**amounts: float) -> TapContext:
    return TapContext({name: [Add(amount)] for name, amount in amounts.items()})


def test_outputs_and_inputs_pass_their_taps(net):
    with tapped(context(out=1.0)):
        assert net(torch.zeros(())) == 1
    with tapped(TapContext({'out': [Add(1.0)], 'in': [Add(2.0)]})):
        assert net(torch.zeros(())) == 3


def test_nothing_is_tapped_outside_the_block(net):
    with tapped(context(out=1.0)):
        pass
    assert net(torch.zeros(())) == 0


def test_an_inner_block_gives_back_to_the_outer_one(net):
    with tapped(context(out=1.0)):
        with tapped(None):
            assert net(torch.zeros(())) == 0
        assert net(torch.zeros(())) == 1


def test_skips_pass_in_the_order_of_their_names():
    block = UpBlock()
    tap_skips(block, ['first', 'second'])
    with tapped(context(second=10.0)):
        assert block(hidden_states=0, res_hidden_states_tuple=(1, 1)) == 1 + 2 * 11


def test_a_copy_is_tapped_too(net):
    with tapped(context(out=1.0)):
        assert copy.deepcopy(net)(torch.zeros(())) == 1


def test_calls_in_other_threads_do_not_see_each_other(net):
    seen = []
    with tapped(context(out=1.0)):
        thread = Thread(target=lambda: seen.append(float(net(torch.zeros(())))))
        thread.start()
        thread.join()
    assert seen == [0]
