"""What is TokenCrossAttention's own."""

import torch

from restorelab.registry import ADAPTERS
from restorelab.structures import Condition, TapContext
from tests.models.tiny import WIDTHS, feature, randomize, taps

SPEC = next(spec for spec in taps() if spec.side == 'tokens')


def build():
    adapter = ADAPTERS.build(dict(type='TokenCrossAttention', tap_specs=taps(), cond_widths=WIDTHS))
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


def test_all_token_taps_of_the_backbone_by_default():
    adapter, _ = build()
    assert list(adapter.taps) == [spec.name for spec in taps() if spec.side == 'tokens']
