import copy

import torch

from restorelab.models.layers.norm import WeightStandardizedConv2d
from restorelab.ops import once_per_weight, plain_forms


def counted_double():
    calls = []

    def compute(weight):
        calls.append(1)
        return weight * 2

    return compute, calls


def test_a_remembered_value_is_computed_once_and_again_after_a_change():
    weight, (compute, calls) = torch.ones(2), counted_double()
    assert torch.equal(once_per_weight(compute, weight), once_per_weight(compute, weight))
    assert len(calls) == 1
    weight.add_(1)
    assert torch.equal(once_per_weight(compute, weight), torch.full((2,), 4.0))
    assert len(calls) == 2


def test_options_have_values_of_their_own():
    def scale(weight, factor):
        return weight * factor

    weight = torch.ones(2)
    values = [float(once_per_weight(scale, weight, factor=factor)[0]) for factor in (2, 3, 2)]
    assert values == [2, 3, 2]


def test_nothing_is_remembered_while_a_gradient_is_recorded_or_in_plain_forms():
    weight, (compute, calls) = torch.ones(2, requires_grad=True), counted_double()
    for _ in range(2):
        assert once_per_weight(compute, weight).requires_grad
    with plain_forms(), torch.no_grad():
        for _ in range(2):
            once_per_weight(compute, weight)
    assert len(calls) == 4


@torch.no_grad()
def test_a_standardized_weight_follows_load_state_dict_and_copies():
    torch.manual_seed(0)
    conv, other = WeightStandardizedConv2d(2, 3, 3), WeightStandardizedConv2d(2, 3, 3)
    x = torch.randn(1, 2, 5, 5)
    before = conv(x)
    twin = copy.deepcopy(conv)
    conv.load_state_dict(other.state_dict())
    assert torch.equal(conv(x), other(x))
    assert torch.equal(twin(x), before)


def test_a_frozen_layer_still_passes_gradients_on_after_inference():
    conv = WeightStandardizedConv2d(2, 3, 3).requires_grad_(False)
    with torch.inference_mode():
        conv(torch.randn(1, 2, 5, 5))
    x = torch.randn(1, 2, 5, 5, requires_grad=True)
    conv(x).sum().backward()
    assert x.grad is not None
