"""The curve inverts the two degradations it is made for, at the places that its cells say."""

import math

import numpy as np
import pytest
import torch

from restorelab.datasets.degradations import haze, lowlight, weather
from restorelab.models.backbones.tone_curve import AIRLIGHT, DARKEST
from restorelab.registry import BACKBONES
from restorelab.structures import Condition, TapContext
from tests.datasets.pictures import scene

CURVE = BACKBONES.build(dict(type='ToneCurve', name='haze'))
CELLS = 16


def unbounded(value, limit):
    """What the prior must say for ``value``, which the curve bounds by ``limit``."""
    return limit * math.atanh(value / limit)


def numbers(gain=1.0, gamma=1.0, transmission=1.0, airlight=AIRLIGHT):
    """(k, p, s, r, g, b) of a known exposure and haze."""
    k, p = unbounded(-math.log(gain), 2.5), unbounded(-math.log(gamma), 1.5)
    return [k, p, unbounded(-math.log(transmission), 2.5), *[airlight - AIRLIGHT] * 3]


def everywhere(values):
    return torch.tensor(values).expand(1, CELLS**2, 6)


def restored(lq, cells, region=None):
    cond = Condition(tokens=dict(haze=cells), region=region)
    return CURVE(lq, TapContext({}, cond))


def as_tensor(image):
    return torch.from_numpy(image).permute(2, 0, 1)[None]


def test_zeros_change_nothing():
    lq = torch.rand(1, 3, 40, 30)
    assert (restored(lq, everywhere([0.0] * 6)) - lq).abs().max() < 1e-6


@pytest.mark.parametrize(('gain', 'gamma'), [(0.3, 1.0), (0.8, 1.8), (0.35, 3.0)])
def test_the_curve_of_a_known_exposure_undoes_it(gain, gamma):
    """All but the constant that keeps its slope finite at black."""
    rng = np.random.default_rng(0)
    dark = lowlight(scene(), gamma, gain, 0, 0, rng)
    lifted = restored(as_tensor(dark), everywhere(numbers(gain=gain, gamma=gamma)))
    black = DARKEST ** (1 / gamma)
    torch.testing.assert_close(lifted + black, as_tensor(scene()), atol=0.08, rtol=0)
    bright = as_tensor(scene()) > 0.4
    torch.testing.assert_close(
        (lifted + black)[bright], as_tensor(scene())[bright], atol=0.015, rtol=0
    )


@pytest.mark.parametrize(('beta', 'airlight'), [(0.5, 0.7), (1.6, 1.0)])
def test_the_curve_of_a_known_haze_undoes_it(beta, airlight, monkeypatch):
    monkeypatch.setattr(weather, 'depth_field', lambda shape, rng: np.ones(shape, np.float32))
    hazy = haze(scene(), beta, airlight, np.random.default_rng(0))
    values = numbers(transmission=math.exp(-beta), airlight=airlight)
    clear = restored(as_tensor(hazy), everywhere(values))
    torch.testing.assert_close(clear, as_tensor(scene()), atol=1e-5, rtol=0)


def test_a_tile_is_a_cut_of_the_whole():
    torch.manual_seed(0)
    lq, cells = torch.rand(1, 3, 60, 90), 0.5 * torch.randn(1, CELLS**2, 6)
    top, left, height, width = 13, 40, 31, 50
    region = torch.tensor([[top / 60, left / 90, (top + height) / 60, (left + width) / 90]])
    tile = restored(lq[..., top : top + height, left : left + width], cells, region)
    whole = restored(lq, cells)[..., top : top + height, left : left + width]
    torch.testing.assert_close(tile, whole, atol=1e-5, rtol=0)


def test_several_tiles_at_once_have_a_region_each():
    torch.manual_seed(0)
    lq, cells = torch.rand(1, 3, 32, 32), 0.5 * torch.randn(1, CELLS**2, 6)
    halves = torch.tensor([[0, 0, 1, 0.5], [0, 0.5, 1, 1]])
    both = restored(torch.cat(lq.split(16, dim=3)), cells.expand(2, -1, -1), halves)
    joined = torch.cat([both[:1], both[1:]], dim=3)
    torch.testing.assert_close(joined, restored(lq, cells), atol=1e-5, rtol=0)


def test_cells_go_row_by_row_over_the_picture():
    cells = torch.zeros(1, CELLS, CELLS, 6)
    cells[:, 2, 11, 0] = 1  # brighter in one cell
    lq = torch.full((1, 3, 160, 320), 0.3)
    change = (restored(lq, cells.flatten(1, 2)) - lq)[0, 0]
    row, col = divmod(int(change.argmax()), 320)
    assert (row // 10, col // 20) == (2, 11)
    assert (change[:15] == 0).all()


def test_no_numbers_make_it_overflow():
    for sign in (-1.0, 1.0):
        cells = everywhere([sign * 1e4] * 3 + [0.0] * 3).clone().requires_grad_()
        out = restored(torch.rand(1, 3, 8, 8), cells)
        out.sum().backward()
        assert out.isfinite().all()
        assert cells.grad.isfinite().all()


def test_without_a_prior_it_says_what_is_missing():
    with pytest.raises(KeyError, match="no prior provides token 'haze'"):
        CURVE(torch.rand(1, 3, 8, 8))
