import numpy as np
import pytest

from restorelab.datasets import MadePicture
from restorelab.datasets.transforms.made_picture import (
    MAKERS,
    closeup,
    flat,
    gray,
    lamps,
    shapes,
    stars,
    text,
    toned,
)
from restorelab.io.images import to_uint8
from tests.datasets.pictures import sample, scene


def picture():
    return (scene(48, 40) * 255).astype(np.uint8)


def after(degradation='clean', seed=0, **options):
    return MadePicture(**options)(sample(gt=picture(), degradation=degradation, seed=seed))['gt']


def drawn(maker, seed, size=(64, 64)):
    return maker(scene(*size), np.random.default_rng(seed))


def test_a_made_picture_has_the_shape_and_type_of_the_photograph():
    made = after(share=1)
    assert made.dtype == np.uint8
    assert made.shape == picture().shape
    assert not np.array_equal(made, picture())


def test_pictures_are_replaced_as_often_as_asked():
    changed = [not np.array_equal(after(share=0.3, seed=seed), picture()) for seed in range(200)]
    assert np.mean(changed) == pytest.approx(0.3, abs=0.1)


@pytest.mark.parametrize('options', [dict(share=0), dict(share=1, degradations=['noise'])])
def test_other_samples_keep_their_photograph(options):
    np.testing.assert_array_equal(after('clean', **options), picture())


def test_the_generator_alone_decides():
    np.testing.assert_array_equal(after(share=1, seed=5), after(share=1, seed=5))
    assert len({after(share=1, seed=seed).tobytes() for seed in range(10)}) == 10


@pytest.mark.parametrize('share', [-0.1, 1.1, float('nan')])
def test_a_share_is_a_probability(share):
    with pytest.raises(ValueError, match=f'share={share}; wanted is a probability'):
        MadePicture(share)


@pytest.mark.parametrize('maker', dict.fromkeys(MAKERS), ids=lambda maker: maker.__name__)
@pytest.mark.parametrize('size', [(1, 1), (3, 5), (70, 33)], ids=str)
def test_pictures_of_any_size_can_be_made(maker, size):
    for seed in range(8):
        made = drawn(maker, seed, size)
        assert made.shape == (*size, 3)
        assert np.isfinite(made).all()


def test_a_flat_picture_has_no_edges():
    for seed in range(8):
        made = drawn(flat, seed)
        assert np.abs(np.diff(made, axis=0)).max() < 0.05


def test_a_page_is_paper_and_ink():
    for seed in range(8):
        levels = to_uint8(drawn(text, seed))
        paper = np.bincount(levels.ravel()).argmax()
        assert 0.4 < (levels == paper).mean() < 1
        assert np.ptp(levels) > 100


def test_a_night_sky_is_dark_with_points_of_light():
    for seed in range(8):
        made = drawn(stars, seed)
        assert np.median(made) < 0.2
        assert made.max() > 0.75


def test_lamps_light_a_part_of_the_photograph():
    for seed in range(8):
        made = drawn(lamps, seed)
        assert made.mean() < scene(64, 64).mean()
        shown = made[..., 0] / scene(64, 64)[..., 0] ** 1.3  # red is the color of the lamps
        assert shown.max() > 2 * shown.min()


def test_a_part_seen_from_near_is_smoother_than_the_photograph():
    photograph = scene(64, 64)
    for seed in range(8):
        made = drawn(closeup, seed)
        assert np.abs(np.diff(made, axis=0)).mean() < np.abs(np.diff(photograph, axis=0)).mean()
        assert made.min() > photograph.min() - 0.1
        assert made.max() < photograph.max() + 0.1


def test_a_picture_in_black_and_white_has_no_color():
    for seed in range(8):
        made = drawn(gray, seed)
        np.testing.assert_array_equal(made, made[..., :1].repeat(3, axis=2))


def test_other_tones_keep_at_least_half_of_the_light():
    brightest = [drawn(toned, seed).max() for seed in range(40)]
    assert min(brightest) >= 0.45
    assert 0.2 < np.mean(np.array(brightest) == 1) < 0.8


def test_shapes_have_few_levels():
    for seed in range(8):
        levels = to_uint8(drawn(shapes, seed))[..., 0]
        largest = np.sort(np.bincount(levels.ravel()))[-13:]
        assert largest.sum() > 0.8 * levels.size
