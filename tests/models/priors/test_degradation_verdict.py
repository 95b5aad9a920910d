import pytest
import torch

from restorelab.models.priors.degradation_verdict import SIDE, _places
from restorelab.registry import PRIORS
from tests.models.tiny import TINY_PRIORS, part, randomize

KINDS = TINY_PRIORS['DegradationVerdict']['kinds']


def build():
    torch.manual_seed(0)
    return randomize(PRIORS.build(part(TINY_PRIORS, 'DegradationVerdict'))).eval()


def test_strengths_come_by_the_names_of_their_degradations():
    verdict, lq = build(), torch.rand(2, 3, 80, 70)
    verdict.head[-1].bias.data = torch.tensor([0.2, 0.5, 0.8])
    cond, strengths = verdict(lq), verdict.strengths(lq)
    assert cond.names() == [f'vectors.{kind}' for kind in KINDS]
    for place, kind in enumerate(KINDS):
        assert torch.equal(cond.vector(kind), strengths[:, place : place + 1])


def test_the_verdict_is_cut_to_the_unit_range_and_what_trains_it_is_not():
    verdict, lq = build(), torch.rand(1, 3, 64, 64)
    verdict.head[-1].bias.data = torch.tensor([-3.0, 0.5, 4.0])
    assert verdict.strengths(lq)[0, 0] < 0
    assert verdict.strengths(lq)[0, 2] > 1
    assert verdict(lq).vector('noise').item() == 0
    assert verdict(lq).vector('haze').item() == 1


@pytest.mark.parametrize('length', [64, 100, 128, 255, 256, 1000])
def test_close_ups_lie_in_the_picture_and_beside_each_other(length):
    places = _places(length)
    assert len(places) == min(4, length // SIDE)
    ends = [0, *[place + SIDE for place in places]]
    assert all(place >= end for place, end in zip(places, ends, strict=False))
    assert ends[-1] <= length
    assert places[0] == pytest.approx(length - ends[-1], abs=1)


@torch.no_grad()
@pytest.mark.parametrize('size', [(256, 256), (128, 512)])
def test_fine_detail_is_seen_at_full_resolution(size):
    """A checkerboard is gone in the thumbnail of a picture whose sides are multiples of 128."""
    verdict, lq = build(), torch.full((1, 3, *size), 0.5)
    checkered = lq.clone()
    checkered[..., ::2, ::2] += 0.25
    checkered[..., 1::2, 1::2] += 0.25
    checkered[..., ::2, 1::2] -= 0.25
    checkered[..., 1::2, ::2] -= 0.25
    assert not torch.allclose(verdict.strengths(checkered), verdict.strengths(lq), atol=1e-4)


def test_a_picture_smaller_than_a_close_up_is_judged():
    assert build().strengths(torch.rand(2, 3, 5, 90)).isfinite().all()


def test_each_weight_learns():
    verdict = build()
    verdict.strengths(torch.rand(1, 3, 64, 64)).sum().backward()
    assert [name for name, weight in verdict.named_parameters() if weight.grad is None] == []
