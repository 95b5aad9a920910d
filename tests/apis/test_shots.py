"""Shots are found, and each has one decision."""

import numpy as np
import pytest
import torch

from restorelab.apis import RestoreModel
from restorelab.apis.shots import (
    SIDE,
    CutFinder,
    Decision,
    Spread,
    decide,
    load_decision,
    save_decision,
)
from restorelab.structures import Condition
from tests.apis.tiny import tiny_restorer


def cuts_in(thumbnails):
    finder = CutFinder()
    return [index for index, image in enumerate(thumbnails) if finder.is_cut(image)]


def pattern(seed, brightness=1.0):
    rng = np.random.default_rng(seed)
    return (rng.integers(40, 216, (SIDE, SIDE, 3)) * brightness).astype(np.uint8)


def noisy(image, frames, sigma=3.0):
    rng = np.random.default_rng(0)
    return [(image + sigma * rng.standard_normal(image.shape)).clip(0, 255) for _ in range(frames)]


@pytest.mark.parametrize('brightness', [1.0, 0.1])
def test_a_cut_is_found_also_in_the_dark(brightness):
    scenes = [pattern(seed, brightness) for seed in range(3)]
    frames = [frame for scene in scenes for frame in noisy(scene, 10, 3 * brightness)]
    assert cuts_in(frames) == [10, 20]


def test_a_pan_is_no_cut():
    wide = np.concatenate([pattern(0), pattern(1)], axis=1)
    assert cuts_in([wide[:, left : left + SIDE] for left in range(SIDE)]) == []


def test_a_fade_and_a_dissolve_are_no_cuts():
    first, second = pattern(0).astype(float), pattern(1).astype(float)
    shares = np.linspace(0, 1, 25)
    assert cuts_in([(1 - share) * first + share * second for share in shares]) == []


def test_a_flash_does_not_end_the_shot_twice():
    frames = noisy(pattern(0), 30)
    frames[15] = np.full_like(frames[15], 255)
    assert cuts_in(frames) == [15]


@pytest.mark.parametrize(
    ('count', 'kept'), [(1, [0]), (8, list(range(8))), (20, [0, 4, 8, 12, 16])]
)
def test_kept_frames_are_spread_over_the_shot(count, kept):
    spread = Spread()
    for frame in range(count):
        spread.add(frame)
    assert spread.kept == kept


def test_kept_frames_stay_few():
    spread = Spread()
    for frame in range(10000):
        spread.add(frame)
    assert 5 <= len(spread.kept) <= 8
    assert spread.kept[-1] > 7000


def test_a_decision_is_the_median_of_what_is_seen():
    model = RestoreModel(tiny_restorer())
    frames = [np.full((8, 8, 3), level, np.uint8) for level in (10, 200, 60)]
    decision = decide(model, frames, equalize=False)
    torch.testing.assert_close(decision.seen.vector('color'), torch.full((1, 3), 60 / 255))


def test_each_frame_has_its_own_maps_and_the_vectors_of_the_shot():
    model = RestoreModel(tiny_restorer())
    dark, bright = (np.full((8, 8, 3), level, np.uint8) for level in (51, 255))
    seen = decide(model, [dark], equalize=False).for_frame(model, bright, equalize=False)
    torch.testing.assert_close(seen.vector('color'), torch.full((1, 3), 0.2))
    torch.testing.assert_close(seen.map('gray'), torch.ones(1, 1, 4, 4))


def test_a_decision_is_read_as_it_was_written(tmp_path):
    seen = Condition(
        vectors={'noise': torch.rand(1, 1), 'a.b': torch.rand(1, 2)},
        tokens={'haze': torch.rand(1, 256, 6)},
    )
    save_decision(tmp_path / 'a.safetensors', Decision(seen, ('maps.gray', 'maps.edge')))
    read = load_decision(tmp_path / 'a.safetensors', torch.device('cpu'))
    assert read.maps == ('maps.gray', 'maps.edge')
    assert set(read.seen.names()) == set(seen.names())
    for kind, entries in seen.entries().items():
        for name, value in entries.items():
            assert torch.equal(read.seen.entries()[kind][name], value)


def test_a_restorer_without_priors_decides_nothing(tmp_path):
    model = RestoreModel(tiny_restorer(priors={}))
    decision = decide(model, [np.zeros((8, 8, 3), np.uint8)], equalize=False)
    save_decision(tmp_path / 'a.safetensors', decision)
    assert load_decision(tmp_path / 'a.safetensors', torch.device('cpu')) == decision
