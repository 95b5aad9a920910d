"""A decision can be made once and used for several pictures."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from restorelab.apis import RestoreModel, tiles
from tests.apis.tiny import tiny_restorer


@pytest.fixture
def model():
    return RestoreModel(tiny_restorer())


def image(seed=0, height=20, width=24):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize('tile', [None, 16])
def test_a_picture_with_what_was_seen_in_it_is_restored_as_without(model, tile):
    first = image()
    expected = model(first, tile=tile)
    np.testing.assert_array_equal(model(first, tile=tile, seen=model.look(first)), expected)


@pytest.mark.parametrize('tile', [None, 16])
def test_what_was_seen_in_another_picture_decides_and_nobody_looks_again(model, tile):
    first, other = image(0), image(1) // 4
    seen = replace(model.look(other), maps=model.look(first).maps)
    prior = model.model.priors['tiny']
    before = prior.calls
    restored = model(first, tile=tile, seen=seen)
    assert prior.calls == before
    assert not np.array_equal(restored, model(first, tile=tile))


def test_each_picture_of_a_batch_has_its_own_entry_also_in_tiles(model, monkeypatch):
    monkeypatch.setattr(tiles, 'WHOLE_PIXELS', 100)
    batch = torch.rand(2, 3, 20, 24, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(model(batch, tile=16, seen=model.look(batch)), model(batch, tile=16))


def test_only_the_wanted_priors_look(model):
    assert model.look(image(), wanted=['vectors.other']).names() == []
    assert model.look(image(), wanted=['maps.gray']).names() == ['vectors.color', 'maps.gray']


def test_an_equalized_picture_is_looked_at_equalized(model):
    dark = image() // 8
    equalized = model.look(dark, equalize=True).vector('color')
    assert (equalized > 3 * model.look(dark).vector('color')).all()
