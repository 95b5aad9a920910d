from dataclasses import replace

import pytest
import torch
from torch import nn

from restorelab.registry import BACKBONES
from restorelab.structures import Condition, TapContext
from tests.models.tiny import TINY_BACKBONES, part


class Lift(nn.Module):
    """Adds a value, and counts how often it is run."""

    def __init__(self, by: float = 0.4):
        super().__init__()
        self.by = nn.Parameter(torch.tensor(by))
        self.calls = 0

    def forward(self, lq, ctx):
        self.calls += 1
        return lq + self.by


def build(**options):
    stage = BACKBONES.build(part(TINY_BACKBONES, 'Stage', **options)).eval()
    stage.backbone = Lift()
    return stage


def found(noise, jpeg=0.0):
    """What a verdict says of a batch."""
    noise = torch.tensor(noise)[:, None]
    return TapContext({}, Condition(vectors=dict(noise=noise, jpeg=torch.full_like(noise, jpeg))))


LQ = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize('strength', [0.0, 0.04, 0.05])
def test_a_closed_stage_is_not_run_and_gives_the_very_values(strength):
    stage = build()
    assert torch.equal(stage(LQ, found([strength])), LQ)
    assert stage.backbone.calls == 0


@pytest.mark.parametrize(
    ('strength', 'opening'), [(0.075, 0.25), (0.1, 0.5), (0.15, 1.0), (0.9, 1.0)]
)
def test_it_opens_in_proportion(strength, opening):
    torch.testing.assert_close(build()(LQ, found([strength])), LQ + 0.4 * opening)


def test_where_it_opens_is_an_option():
    stage = build(closed=0.2, full=0.6)
    assert stage.opening(found([0.2, 0.3, 0.6]).cond).tolist() == pytest.approx([0, 0.25, 1])


def test_the_strongest_of_its_degradations_counts():
    assert build().opening(found([0.0, 0.12], jpeg=0.1).cond).tolist() == pytest.approx([0.5, 0.7])


def test_an_image_whose_degradations_are_absent_stays_in_a_batch_of_others():
    both = build()(LQ.expand(2, -1, -1, -1), found([0.0, 0.5]))
    assert torch.equal(both[:1], LQ)
    torch.testing.assert_close(both[1:], LQ + 0.4)


def test_in_training_a_closed_stage_is_run_for_its_gradient_and_still_changes_nothing():
    stage = build().train()
    out = stage(LQ, found([0.0]))
    assert torch.equal(out, LQ)
    out.sum().backward()
    assert stage.backbone.by.grad == 0


def test_it_needs_sides_as_its_network_does():
    stage = BACKBONES.build(part(TINY_BACKBONES, 'Stage'))
    assert stage.size_divisor == stage.backbone.size_divisor == 4


@pytest.mark.parametrize('limits', [(0.2, 0.1), (0.1, 0.1), (-0.1, 0.1)])
def test_limits_in_the_wrong_order_are_refused(limits):
    closed, full = limits
    with pytest.raises(ValueError, match=f'closed={closed}, full={full}; wanted'):
        build(closed=closed, full=full)


def test_without_a_verdict_it_says_what_is_missing():
    with pytest.raises(KeyError, match="no prior provides vector 'noise'"):
        build()(LQ)


def test_a_stage_that_always_acts_is_switched_off_by_a_person_alone():
    stage = build(always=True)
    verdict = found([0.0])
    torch.testing.assert_close(stage(LQ, verdict), LQ + 0.4)
    verdict.cond = replace(verdict.cond, left=frozenset(['jpeg']))
    torch.testing.assert_close(stage(LQ, verdict), LQ + 0.4)
    verdict.cond = replace(verdict.cond, left=frozenset(['jpeg', 'noise']))
    assert torch.equal(stage(LQ, verdict), LQ)
