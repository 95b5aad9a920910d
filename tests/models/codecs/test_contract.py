"""What every codec promises."""

import pytest
import torch

from restorelab.registry import CODECS
from restorelab.structures import TapContext
from restorelab.utils import LatticeNoise
from tests.models.backbones.test_contract import Recorder
from tests.models.tiny import TINY_CODECS, part


@pytest.fixture(params=TINY_CODECS)
def codec(request):
    torch.manual_seed(0)
    return CODECS.build(part(TINY_CODECS, request.param)).eval()


def image(codec) -> torch.Tensor:
    return torch.rand(2, 3, 4 * codec.stride, 6 * codec.stride)


@torch.no_grad()
def test_latents_have_its_stride_and_channels_and_images_come_back(codec):
    latent = codec.encode(image(codec), LatticeNoise())
    assert latent.shape == (2, codec.channels, 4, 6)
    assert codec.decode(latent).shape == image(codec).shape


@torch.no_grad()
def test_its_taps_are_what_it_says(codec):
    recorder, given = Recorder(), image(codec)
    ctx = TapContext({spec.name: [recorder] for spec in codec.tap_specs})
    codec.decode(codec.encode(given, LatticeNoise(), ctx), ctx)
    height, width = given.shape[-2:]
    expected = {}
    for spec in codec.tap_specs:
        expected[spec.name] = (2, spec.channels, height // spec.stride, width // spec.stride)
    assert recorder.shapes == expected


@torch.no_grad()
def test_the_same_noise_gives_the_same_latent(codec):
    given = image(codec)
    first, second = (codec.encode(given, LatticeNoise(3)) for _ in range(2))
    assert torch.equal(first, second)


def test_only_the_pixel_codec_works_on_pixels(codec):
    assert codec.is_pixel == (codec.stride == 1)


@torch.no_grad()
def test_the_autoencoder_draws_its_latent_or_takes_the_mean():
    given = torch.rand(1, 3, 16, 16)
    for sample_posterior in (True, False):
        torch.manual_seed(0)
        options = dict(sample_posterior=sample_posterior)
        codec = CODECS.build(part(TINY_CODECS, 'LatentAutoencoder', **options))
        latents = [codec.encode(given, LatticeNoise(seed)) for seed in (0, 1)]
        assert torch.equal(*latents) != sample_posterior
