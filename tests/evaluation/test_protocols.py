import pytest
import torch

from restorelab.evaluation.functional import psnr, quantize
from restorelab.evaluation.protocols import PRESETS, Protocol, find_preset


@pytest.mark.parametrize('name', PRESETS)
def test_every_preset_scores_identical_images_as_perfect(name):
    image = torch.rand(2, 3, 24, 28)
    for protocol in find_preset(name).values():
        scores, similarity = protocol.score(image, image)
        assert torch.isinf(scores).all()
        torch.testing.assert_close(similarity, torch.ones(2, dtype=torch.float64))


@pytest.mark.parametrize('name', PRESETS)
def test_every_preset_has_a_protocol_for_any_degradation(name):
    assert 'any' in PRESETS[name]


def test_uint8_protocols_score_what_a_file_would_hold():
    pred, target = torch.rand(1, 3, 16, 16) * 1.2 - 0.1, torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(
        Protocol().score(pred, target)[0], psnr(quantize(pred), quantize(target))
    )


def test_float_protocols_only_clamp():
    pred, target = torch.rand(1, 3, 16, 16) * 1.2 - 0.1, torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(
        Protocol(uint8=False).score(pred, target)[0], psnr(pred.clamp(0, 1), target)
    )


def test_a_border_that_is_cropped_does_not_count():
    target = torch.rand(1, 3, 24, 24)
    pred = target.clone()
    pred[..., :4, :] = 0
    assert torch.isinf(Protocol(crop=4).score(pred, target)[0])


def test_an_unknown_preset_is_refused():
    with pytest.raises(KeyError, match=r"'psnr'; known: .*'rgb'"):
        find_preset('psnr')


def test_an_unknown_space_is_refused():
    with pytest.raises(ValueError, match="not 'lab'"):
        Protocol(space='lab')
