"""Losses: their formula, their weight, and what they refuse."""

import math

import pytest
import torch

from restorelab.registry import LOSSES
from tests.models.tiny import TINY_LOSSES, part

PAIRS = dict(
    CosineDistillationLoss=(
        torch.tensor([[3.0, 4], [1, 0]]),
        torch.tensor([[4.0, 3], [0, 2]]),
        (0.04 + 1) / 2,
    ),
    L1Loss=(torch.tensor([[1.0, 2]]), torch.tensor([[0.0, 5]]), 2.0),
    LabelSmoothedCrossEntropy=(torch.zeros(3, 4), torch.tensor([0, 1, 3]), math.log(4)),
    MSELoss=(torch.tensor([[1.0, 2]]), torch.tensor([[0.0, 5]]), 5.0),
    PSNRLoss=(
        torch.tensor([[0.1, 0.1], [0.2, 0]]),
        torch.zeros(2, 2),
        5 * math.log10(0.0104 * 0.0204),
    ),
)


@pytest.mark.parametrize('name', TINY_LOSSES)
def test_its_value_on_numbers_worked_out_by_hand(name):
    pred, target, value = PAIRS[name]
    torch.testing.assert_close(
        LOSSES.build(part(TINY_LOSSES, name))(pred, target), torch.tensor(value)
    )


@pytest.mark.parametrize('name', TINY_LOSSES)
def test_its_weight_multiplies(name):
    pred, target, value = PAIRS[name]
    torch.testing.assert_close(
        LOSSES.build(part(TINY_LOSSES, name, weight=3.0))(pred, target), torch.tensor(3 * value)
    )


@pytest.mark.parametrize('name', ['CosineDistillationLoss', 'L1Loss', 'MSELoss', 'PSNRLoss'])
def test_shapes_that_would_broadcast_are_refused(name):
    with pytest.raises(
        ValueError, match=rf'{name}: prediction \(2, 3\) and target \(1, 3\) differ in shape'
    ):
        LOSSES.build(part(TINY_LOSSES, name))(torch.rand(2, 3), torch.rand(1, 3))


def test_smoothing_moves_weight_to_the_other_classes():
    logits, smoothing = torch.tensor([[2.0, 0, 0, 0]]), 0.2
    logs = logits.log_softmax(dim=1)[0]
    expected = -(0.8 * logs[0] + 0.2 * logs.mean())
    loss = LOSSES.build(dict(type='LabelSmoothedCrossEntropy', smoothing=smoothing))
    torch.testing.assert_close(loss(logits, torch.tensor([0])), expected)


def test_decibels_do_not_run_away_where_prediction_and_target_agree():
    pred = torch.zeros(1, 3, requires_grad=True)
    LOSSES.build(dict(type='PSNRLoss', floor=1e-4))(pred, torch.zeros(1, 3)).backward()
    assert pred.grad.abs().max() == 0


def test_a_floor_of_nothing_is_refused():
    with pytest.raises(ValueError, match='floor is a squared error above 0'):
        LOSSES.build(dict(type='PSNRLoss', floor=0))
