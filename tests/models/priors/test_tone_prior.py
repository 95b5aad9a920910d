import pytest
import torch

from restorelab.models.priors.tone_prior import GRID
from restorelab.registry import PRIORS
from tests.models.tiny import TINY_PRIORS, part, randomize


def build(tokens='haze'):
    torch.manual_seed(0)
    return PRIORS.build(part(TINY_PRIORS, 'TonePrior') | dict(name=tokens))


@pytest.mark.parametrize('size', [(200, 90), (7, 5)])
def test_it_has_a_curve_for_each_cell_of_a_picture_of_any_size(size):
    assert build()(torch.rand(2, 3, *size)).token('haze').shape == (2, GRID**2, 6)


def test_it_begins_with_curves_that_change_nothing():
    assert (build()(torch.rand(1, 3, 40, 40)).token('haze') == 0).all()


def test_its_name_is_that_of_its_tokens():
    prior = build('darkness')
    assert prior.provides == {'tokens.darkness': 6}
    assert prior(torch.rand(1, 3, 16, 16)).names() == ['tokens.darkness']


@torch.no_grad()
def test_the_cells_lie_over_the_picture_row_by_row():
    prior, lq = randomize(build()), torch.full((1, 3, 128, 256), 0.5)
    lit = lq.clone()
    lit[..., :32, 192:] = 1  # the upper right
    change = (prior(lit).token('haze') - prior(lq).token('haze')).abs().sum(dim=2)
    row, col = divmod(int(change.argmax()), GRID)
    assert row < GRID // 4 + 1
    assert col >= GRID * 3 // 4 - 1


@torch.no_grad()
def test_each_cell_knows_the_whole_picture():
    prior, lq = randomize(build()), torch.full((1, 3, 256, 256), 0.5)
    lit = lq.clone()
    lit[..., 200:, 200:] = 1
    change = (prior(lit).token('haze') - prior(lq).token('haze')).abs().sum(dim=2)
    assert (change > 0).all()


def test_each_weight_learns():
    prior = randomize(build())
    prior(torch.rand(1, 3, 32, 32)).token('haze').square().sum().backward()
    assert [name for name, weight in prior.named_parameters() if weight.grad is None] == []
