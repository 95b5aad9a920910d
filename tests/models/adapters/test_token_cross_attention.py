"""What is TokenCrossAttention's own."""

import pytest
import torch

from restorelab.registry import ADAPTERS
from restorelab.structures import Condition, TapContext
from tests.models.tiny import WIDTHS, feature, randomize, taps

SPEC = next(spec for spec in taps() if spec.side == 'tokens')


def build(**options):
    build_args = dict(tap_specs=taps(), cond_widths=WIDTHS, **options)
    adapter = ADAPTERS.build(dict(type='TokenCrossAttention', **build_args))
    return randomize(adapter), adapter.layers[SPEC.name.replace('.', '_')]


def out_of(adapter, tokens, context):
    ctx = TapContext({SPEC.name: [adapter]}, Condition(tokens=dict(semantic=context)))
    return ctx.tap(SPEC.name, tokens)


def test_a_single_token_takes_the_short_way_and_the_result_is_that_of_attention():
    adapter, layer = build()
    tokens, context = feature(SPEC).double(), torch.randn(2, 1, 6).double()
    adapter.double()
    torch.testing.assert_close(
        out_of(adapter, tokens, context), tokens + layer(tokens, context), rtol=0, atol=1e-14
    )


def test_the_short_way_is_walked_once_a_condition():
    adapter, layer = build()
    calls = []
    layer.attn2.to_v.register_forward_hook(lambda *_: calls.append(1))
    cond = Condition(tokens=dict(semantic=torch.randn(2, 1, 6)))
    for _ in range(3):
        TapContext({SPEC.name: [adapter]}, cond).tap(SPEC.name, feature(SPEC))
    assert len(calls) == 1


def test_two_equal_tokens_are_as_one():
    adapter, _ = build()
    tokens, context = feature(SPEC), torch.randn(2, 1, 6)
    torch.testing.assert_close(
        out_of(adapter, tokens, context.expand(2, 2, 6)), out_of(adapter, tokens, context)
    )


def test_several_tokens_are_attended_to_by_content():
    adapter, _ = build()
    change = out_of(adapter, tokens := feature(SPEC), torch.randn(2, 3, 6)) - tokens
    assert not torch.allclose(change[:, 0], change[:, 1], atol=1e-7)


def test_weights_without_a_part_are_frozen_for_a_single_token():
    adapter, layer = build(num_tokens=1)
    trained = [name for name, weight in layer.named_parameters() if weight.requires_grad]
    assert trained == ['attn2.to_v.weight', 'attn2.to_out.0.weight', 'attn2.to_out.0.bias']
    assert not adapter.find_unused_parameters


def test_for_any_number_of_tokens_nothing_is_frozen_and_weights_may_be_unused():
    adapter, layer = build()
    assert all(weight.requires_grad for weight in layer.parameters())
    assert adapter.find_unused_parameters


def test_another_number_of_tokens_than_was_said_is_refused():
    adapter, _ = build(num_tokens=1)
    with pytest.raises(ValueError, match=r"num_tokens=1, and the prior gives 3 tokens 'semantic'"):
        out_of(adapter, feature(SPEC), torch.randn(2, 3, 6))


def test_all_token_taps_of_the_backbone_by_default():
    adapter, _ = build()
    assert list(adapter.taps) == [spec.name for spec in taps() if spec.side == 'tokens']
