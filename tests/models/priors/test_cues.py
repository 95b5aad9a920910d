"""Cues from pretrained networks, here tiny ones with random weights."""

import copy

import pytest
import torch
import transformers

from restorelab.models.priors import cues
from restorelab.registry import CUES
from tests.models.tiny import TINY_CUES, part

NETWORK_CUES = ['DepthCue', 'SegmentationCue']


@pytest.fixture(params=NETWORK_CUES)
def cue(request, hub):
    return CUES.build(part(TINY_CUES, request.param))


def map_of(cue, image):
    return next(iter(cue(image).maps.values()))


def test_its_map_is_in_the_unit_range(cue):
    values = map_of(cue, torch.rand(2, 3, 20, 30))
    assert values.min() >= 0
    assert values.max() <= 1


def test_its_network_is_read_when_first_needed(cue):
    assert cue.shared.net is None
    map_of(cue, torch.rand(1, 3, 16, 16))
    assert cue.shared.net is not None


def test_its_network_is_read_once(cue):
    cue.load_pretrained()
    net = cue.shared.net
    cue.load_pretrained()
    assert cue.shared.net is net


def test_its_network_is_frozen_and_stays_in_eval_mode(cue):
    cue.load_pretrained()
    cue.train()
    assert not cue.shared.net.training
    assert not any(weight.requires_grad for weight in cue.shared.net.parameters())


def test_its_network_is_in_no_checkpoint_and_no_optimizer(cue):
    cue.load_pretrained()
    assert cue.state_dict() == {}
    assert list(cue.parameters()) == []
    cue.load_state_dict({}, strict=True)


def test_a_copy_of_the_model_shares_the_network(cue):
    cue.load_pretrained()
    assert copy.deepcopy(cue).shared.net is cue.shared.net


def test_it_sees_the_image_truncated_to_8_bits(cue):
    image = torch.randint(0, 255, (1, 3, 16, 16)) / 255 + 1e-4
    assert torch.equal(map_of(cue, image), map_of(cue, image + 2e-3))


@pytest.mark.parametrize('name', NETWORK_CUES)
def test_a_cached_map_is_not_computed_again(name, hub, tmp_path, monkeypatch):
    image = torch.rand(1, 3, 16, 16)
    first = map_of(
        CUES.build(part(TINY_CUES, name, cache_dir=str(tmp_path / 'new' / 'maps'))), image
    )
    again = CUES.build(part(TINY_CUES, name, cache_dir=str(tmp_path / 'new' / 'maps')))
    monkeypatch.setattr(again, '_compute', None)
    assert torch.equal(map_of(again, image), first)
    assert [path.suffix for path in (tmp_path / 'new' / 'maps').iterdir()] == ['.npy']


@pytest.mark.parametrize('name', NETWORK_CUES)
def test_another_image_is_not_taken_from_the_cache(name, hub, tmp_path):
    cue = CUES.build(part(TINY_CUES, name, cache_dir=str(tmp_path)))
    for image in (torch.rand(2, 3, 16, 16), torch.rand(1, 3, 16, 16)):
        map_of(cue, image)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize('name', NETWORK_CUES)
def test_a_network_that_cannot_be_fetched_gives_both_ways(name, monkeypatch):
    def offline(*_args, **_options):
        raise OSError('no route to host')

    monkeypatch.setattr(transformers.AutoImageProcessor, 'from_pretrained', offline)
    message = (
        f"{name}: 'org/net' is no folder .*no route to host.*run once with a network, "
        '.*path of a downloaded'
    )
    with pytest.raises(FileNotFoundError, match=message):
        CUES.build(dict(type=name, pretrained='org/net')).load_pretrained()


def test_a_flat_image_has_no_edges():
    flat = torch.full((1, 3, 24, 24), 0.5)
    assert cues.sobel_magnitude(flat).abs().max() < 1e-3
    assert cues.box_dog(flat)[..., 5:-5, 5:-5].abs().max() < 1e-3


def test_a_vertical_edge_is_where_sobel_says():
    image = torch.zeros(1, 3, 8, 8)
    image[..., 4:] = 1
    assert cues.sobel_magnitude(image)[0, 0, 3].gt(0.5).nonzero().flatten().tolist() == [3, 4]


def test_the_dark_channel_is_the_least_color_nearby():
    image = torch.ones(1, 3, 9, 9)
    image[0, 1, 4, 4] = 0.2
    dark = cues.dark_channel(image, radius=2)
    assert dark[0, 0, 2:7, 2:7].unique().tolist() == [pytest.approx(0.2)]
    assert dark[0, 0, 0].unique().tolist() == [1]


def test_class_ids_become_grey_values():
    logits = torch.eye(5).view(1, 5, 1, 5)
    assert cues.class_id_map(logits).flatten().tolist() == [0, 0.25, 0.5, 0.75, 1]
