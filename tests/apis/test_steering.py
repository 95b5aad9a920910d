"""How much a restorer does, and against which degradations."""

import numpy as np
import pytest
import torch
from PIL import Image

from restorelab.apis import RestoreModel, tiles
from restorelab.apis.steering import Steering
from restorelab.io.images import write_image
from restorelab.structures import Condition
from tests.apis.tiny import tiny_restorer
from tests.models.tiny import house

TILED = dict(tile=16, overlap=4)
WAYS = pytest.mark.parametrize('way', [dict(), TILED], ids=['whole', 'tiled'])


@pytest.fixture(scope='module')
def model():
    """It finds noise and haze everywhere, and no JPEG artifacts."""
    return RestoreModel(house(noise=1.0, haze=1.0))


@pytest.fixture
def levels():
    return np.random.default_rng(0).integers(0, 256, (37, 51, 3), dtype=np.uint8)


@pytest.fixture
def image():
    return torch.rand(3, 37, 51, generator=torch.Generator().manual_seed(0))


@WAYS
def test_strength_0_gives_the_very_picture(model, levels, way, tmp_path):
    write_image(tmp_path / 'a.png', levels)
    off = way | dict(strength=0)
    assert not np.array_equal(model(levels, **way), levels)
    np.testing.assert_array_equal(model(levels, **off), levels)
    np.testing.assert_array_equal(model(Image.fromarray(levels), **off), levels)
    np.testing.assert_array_equal(model(tmp_path / 'a.png', **off), levels)
    floats = (levels / 255).astype(np.float32)
    np.testing.assert_array_equal(model(floats, **off), floats)


@WAYS
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_strength_0_gives_the_very_tensor(model, image, dtype, way):
    batch = torch.stack([image, image.flip(1)]).to(dtype)
    assert torch.equal(model(batch, strength=0, **way), batch)


def test_a_picture_that_stays_as_it_is_is_a_copy(model, levels, image):
    model(levels, strength=0)[:] = 0
    model(image, strength=0)[:] = 0
    assert levels.any()
    assert image.any()


@WAYS
def test_a_strength_takes_its_share_of_the_change(model, image, way):
    image = 0.4 + 0.2 * image  # nothing leaves [0, 1]; tiles are joined before that is cut off
    full = model(image, **way)
    distances = []
    for strength in (0, 0.25, 0.5, 0.75, 1):
        result = model(image, strength=strength, **way)
        torch.testing.assert_close(result, image + strength * (full - image))
        distances.append((result - full).abs().mean().item())
    assert distances == sorted(distances, reverse=True)
    assert distances[0] > 0.01 > distances[-1] == 0


@WAYS
def test_a_share_is_that_of_a_change_within_the_range_of_pictures(image, way):
    """A network may leave [0, 1]; half of that way would be more than half of the change."""
    model, image = RestoreModel(house(haze=1.0)), 0.3 + 0.7 * image
    model.model.priors['haze'].everywhere.bias.data[0] = 5  # very bright
    assert (model(image, **way) == 1).all()
    torch.testing.assert_close(model(image, strength=0.5, **way), (image + 1) / 2)


@WAYS
@pytest.mark.parametrize(
    ('steering', 'left'),
    [
        (dict(only=['noise']), dict(noise=1.0)),
        (dict(only=['haze', 'jpeg']), dict(haze=1.0)),
        (dict(excepted=['noise']), dict(haze=1.0)),
        (dict(excepted=['jpeg', 'haze']), dict(noise=1.0)),
        (dict(only=['noise', 'haze']), dict(noise=1.0, haze=1.0)),
    ],
    ids=str,
)
def test_other_degradations_are_left_as_if_they_were_not_there(model, image, steering, left, way):
    assert torch.equal(model(image, **steering, **way), RestoreModel(house(**left))(image, **way))


@pytest.mark.parametrize('steering', [dict(only=['jpeg']), dict(excepted=['noise', 'haze'])])
def test_a_picture_comes_back_as_it_is_where_nothing_is_left_to_undo(model, image, steering):
    assert torch.equal(model(image, **steering), image)


def test_what_the_priors_said_stays_as_it_was():
    said = Condition(vectors=dict(noise=torch.ones(2, 1), haze=torch.ones(2, 1)))
    said.once('sum', said.vector('noise').sum)
    steered = Steering(excepted=['noise']).steer(said, ['noise', 'haze'])
    assert (steered.vector('noise') == 0).all()
    assert steered.once('sum', steered.vector('noise').sum) == 0
    assert (said.vector('noise') == 1).all()
    assert steered.vector('haze') is said.vector('haze')


def test_a_large_picture_that_is_cut_by_itself_is_steered(model, levels, monkeypatch):
    monkeypatch.setattr(tiles, 'WHOLE_PIXELS', 1000)
    monkeypatch.setattr(tiles, 'TILE', 32)
    np.testing.assert_array_equal(model(levels, only=['jpeg']), levels)


@pytest.mark.parametrize(
    ('options', 'error', 'message'),
    [
        (dict(strength=1.5), ValueError, r'strength=1\.5; wanted is a number from 0 to 1'),
        (dict(strength=-0.1), ValueError, r'strength=-0\.1'),
        (dict(strength=float('nan')), ValueError, 'strength=nan'),
        (dict(strength='1'), TypeError, "strength='1'"),
        (dict(strength=True), TypeError, 'strength=True'),
        (dict(only=['noize']), ValueError, r"only='noize': did you mean noise\? .*'noise', 'jpeg'"),
        (dict(excepted=['Haze']), ValueError, r"except='Haze': did you mean haze\?"),
        (dict(only=['xyz']), ValueError, r"only='xyz': this model knows \['noise'"),
        (dict(only='noise'), TypeError, r"only='noise'; wanted is a list .*\['noise'\]"),
        (dict(only=['noise'], excepted=['haze']), ValueError, 'only and excepted .* choose one'),
    ],
    ids=str,
)
def test_a_wrong_wish_is_refused(model, image, options, error, message):
    with pytest.raises(error, match=message):
        model(image, **options)


@pytest.mark.parametrize('options', [dict(only=['noise']), dict(only=[]), dict(excepted=['haze'])])
def test_a_model_that_does_not_tell_degradations_apart_says_so(image, options):
    with pytest.raises(ValueError, match='does not tell degradations apart; leave it out'):
        RestoreModel(tiny_restorer())(image, **options)


def test_any_model_has_a_strength(image):
    model = RestoreModel(tiny_restorer())
    half = model(image, strength=0.5)
    torch.testing.assert_close(half, (image + model(image)) / 2)
