"""bfloat16 is taken where the device computes in it, and changes no decision and no level much."""

import numpy as np
import pytest
import torch

from restorelab.apis import RestoreModel, load, precision, tiles
from restorelab.apis.precision import choose_dtype, computes_in_bfloat16
from restorelab.datasets.embedded import embedded_images
from restorelab.io.images import read_image
from restorelab.utils.psnr import psnr
from tests.apis.tiny import tiny_restorer

CPU = torch.device('cpu')


@pytest.mark.parametrize(('able', 'expected'), [(True, torch.bfloat16), (False, torch.float32)])
def test_auto_is_bfloat16_where_the_device_computes_in_it(able, expected, monkeypatch):
    monkeypatch.setattr(precision, 'computes_in_bfloat16', lambda device: able)
    assert choose_dtype('auto', CPU) == expected
    assert choose_dtype('float32', CPU) == torch.float32
    assert choose_dtype('bf16', CPU) == torch.bfloat16
    assert load('diffuir-tiny').dtype == expected


@pytest.mark.parametrize(
    ('able', 'expected'),
    [
        (dict(avx512_bf16=True, amx_bf16=False), True),
        (dict(avx512_bf16=False, amx_bf16=True), True),
        (dict(avx512_bf16=False, amx_bf16=False, avx512_f=True), False),
        (dict(neon=True), False),
    ],
)
def test_a_processor_needs_instructions_for_bfloat16(able, expected, monkeypatch):
    monkeypatch.setattr(torch.cpu, 'get_capabilities', lambda: able)
    assert computes_in_bfloat16(CPU) == expected


def test_an_unknown_dtype_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'fp16'; choose one of \['auto', 'float32', 'bf16'\]"):
        load('diffuir-tiny', dtype='fp16')


@pytest.fixture(scope='module')
def photograph():
    """(256, 320, 3) in [0, 1]: a photograph with noise."""
    image = read_image(embedded_images('val')[0])[100:356, 100:420]
    noise = np.random.default_rng(0).normal(0, 25 / 255, image.shape)
    return np.clip(image / 255 + noise, 0, 1).astype(np.float32)


@pytest.mark.parametrize('tile', [0, 128])
def test_a_photograph_in_bfloat16_agrees_with_float32(photograph, tile, monkeypatch):
    monkeypatch.setattr(tiles, 'FULL_SAMPLE', tile)
    exact = load('diffuir-tiny', dtype='float32')(photograph, tile=tile)
    fast = load('diffuir-tiny', dtype='bf16')(photograph, tile=tile)
    assert not np.array_equal(exact, fast)
    assert psnr_of(exact, fast) > 50
    assert psnr_of(exact, photograph) < 35  # so much was restored


def psnr_of(image, other):
    return psnr(torch.from_numpy(image)[None], torch.from_numpy(other)[None]).item()


@pytest.mark.parametrize('tile', [0, 16])
def test_networks_compute_in_bfloat16_and_priors_do_not(tile):
    seen = dict(prior=set(), backbone=set())
    model = tiny_restorer()
    for prior in model.priors.values():
        prior.register_forward_hook(lambda *_: seen['prior'].add(torch.is_autocast_enabled('cpu')))
    model.backbone.conv.register_forward_hook(
        lambda _module, _inputs, output: seen['backbone'].add(output.dtype)
    )
    result = RestoreModel(model, dtype=torch.bfloat16)(torch.rand(3, 24, 40), tile=tile)
    assert seen == dict(prior={False}, backbone={torch.bfloat16})
    assert result.dtype == torch.float32
