import pytest
import torch
from torch import nn

from restorelab.engine.inverse_decay_ema import InverseDecayEMA, inverse_decay


def trajectory(weights: list[float], **options) -> list[float]:
    """The average right after every call."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, weights[0])
    average, values = InverseDecayEMA(model, **options), []
    for weight in weights:
        nn.init.constant_(model.weight, weight)
        average.update_parameters(model)
        values.append(average.module.weight.item())
    return values


def by_hand(weights: list[float], copy_until: int) -> list[float]:
    """ema_pytorch's rule: beta 0.995, every 10 calls, start after 100, power 2/3."""
    average, values = weights[0], []
    for call, weight in enumerate(weights):
        if call % 10 == 0:
            keep = 0 if call <= copy_until else min(0.995, 1 - (1 + call - 100) ** (-2 / 3))
            average = keep * average + (1 - keep) * weight
        values.append(average)
    return values


@pytest.mark.parametrize(('copy_first', 'copy_until'), [(False, 100), (True, 110)])
def test_average_follows_the_rule_of_ema_pytorch(copy_first, copy_until):
    weights = torch.randn(3300, generator=torch.Generator().manual_seed(0)).cumsum(0).tolist()
    torch.testing.assert_close(
        trajectory(weights, copy_first=copy_first),
        by_hand(weights, copy_until),
        atol=1e-4,
        rtol=1e-5,
    )


def test_the_first_decay_after_a_warm_up_of_100_calls_is_that_of_ten_steps():
    assert inverse_decay(10, beta=0.995, power=2 / 3) == pytest.approx(1 - 11 ** (-2 / 3))


def test_decay_stops_at_beta():
    assert inverse_decay(10**6, beta=0.995, power=2 / 3) == 0.995


def test_the_count_of_calls_is_saved_and_resumed():
    weights = [float(i % 7) for i in range(400)]
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, weights[0])
    first = InverseDecayEMA(model)
    for weight in weights[:205]:
        nn.init.constant_(model.weight, weight)
        first.update_parameters(model)
    second = InverseDecayEMA(model)
    second.load_state_dict(first.state_dict())
    for weight in weights[205:]:
        nn.init.constant_(model.weight, weight)
        second.update_parameters(model)
    assert second.module.weight.item() == trajectory(weights)[-1]
