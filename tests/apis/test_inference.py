"""Loading a restorer and calling it on pictures of every kind."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from restorelab.apis import RestoreModel, inference, load, tiles
from restorelab.apis.inference import pick_device
from restorelab.io.images import ImageReadError, to_uint8, to_unit_tensor, write_image
from restorelab.io.photo import Photo
from restorelab.io.photo_files import read_photo
from restorelab.registry import MODELS
from restorelab.utils import weights
from restorelab.utils.checkpoint import CheckpointError
from restorelab.utils.weights import save_published
from tests.apis.tiny import CONFIG, tiny_restorer


@pytest.fixture(scope='module')
def restorer():
    return RestoreModel(tiny_restorer())


@pytest.fixture
def picture():
    """An image with odd sides, without black and white, where clamping would hide differences."""
    return np.random.default_rng(0).integers(60, 190, (37, 51, 3), dtype=np.uint8)


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder of shipped weights that holds 'tiny'."""
    monkeypatch.setattr('restorelab.trust.MAKERS', ('restorelab.models.', 'tests.apis.tiny'))
    monkeypatch.setattr(weights, 'WEIGHTS_DIR', tmp_path / 'weights')
    (tmp_path / 'weights').mkdir()
    save_published(
        tmp_path / 'weights/tiny.safetensors',
        tiny_restorer().state_dict(),
        CONFIG,
        dict(license='none'),
    )
    return tmp_path / 'weights'


def write_config(path, model=CONFIG):
    path.write_text(f'model = {model!r}\n')
    return path


# pictures of every kind


def test_every_kind_of_picture_comes_back_in_kind_with_the_same_values(restorer, picture, tmp_path):
    write_image(tmp_path / 'a.png', picture)
    tensor = to_unit_tensor(picture)
    as_array = restorer(picture)
    assert as_array.dtype == np.uint8
    assert as_array.shape == picture.shape
    assert not np.array_equal(as_array, picture)
    path = tmp_path / 'a.png'
    for image, kind in ((path, Photo), (str(path), Photo), (read_photo(path), Photo)):
        result = restorer(image)
        assert type(result) is kind
        np.testing.assert_array_equal(np.array(result), as_array)
    result = restorer(Image.fromarray(picture))
    assert (result.mode, type(result)) == ('RGB', Image.Image)
    np.testing.assert_array_equal(np.array(result), as_array)
    assert restorer(tensor).shape == tensor.shape
    np.testing.assert_array_equal(to_uint8(restorer(tensor)), as_array)
    assert torch.equal(restorer(tensor[None])[0], restorer(tensor))


@pytest.mark.parametrize('dtype', [np.float16, np.float32, np.float64])
def test_a_float_array_keeps_its_type(restorer, picture, dtype):
    result = restorer((picture / 255).astype(dtype))
    assert result.dtype == dtype
    np.testing.assert_allclose(result, restorer(picture) / 255, atol=0.005)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64])
def test_a_tensor_keeps_its_type(restorer, dtype):
    image = torch.rand(3, 20, 24, dtype=torch.float64).to(dtype)
    assert restorer(image).dtype == dtype


def test_a_restored_tensor_may_take_part_in_autograd(restorer):
    scale = torch.ones(1, requires_grad=True)
    (restorer(torch.rand(3, 8, 8)) * scale).sum().backward()
    assert scale.grad is not None


def test_the_images_of_a_batch_are_restored_as_if_alone(restorer):
    batch = torch.rand(2, 3, 20, 24)
    torch.testing.assert_close(restorer(batch), torch.stack([restorer(image) for image in batch]))


def test_the_input_is_left_as_it_was(restorer, picture):
    tensor = to_unit_tensor(picture)
    before = tensor.clone()
    restorer(tensor, tile=16)
    assert torch.equal(tensor, before)


@pytest.mark.parametrize(
    ('mode', 'result'),
    [
        ('1', 'L'),
        ('L', 'L'),
        ('P', 'RGB'),
        ('RGBA', 'RGBA'),
        ('LA', 'LA'),
        ('CMYK', 'RGB'),
        ('LAB', 'RGB'),
        ('I;16', 'I;16'),
        ('F', 'F'),
    ],
)
def test_pil_images_of_any_mode_keep_what_they_can(restorer, mode, result):
    restored = restorer(Image.new(mode, (12, 10)))
    assert (restored.size, restored.mode) == ((12, 10), result)


def test_a_pil_image_keeps_its_info_and_is_upright(restorer):
    image = Image.new('RGBA', (12, 10), (90, 80, 70, 60))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, 'Maker'
    image.info = dict(exif=exif.tobytes(), dpi=(72, 72), comment='mine')
    restored = restorer(image)
    assert (restored.size, restored.info['dpi'], restored.info['comment']) == (
        (10, 12),
        (72, 72),
        'mine',
    )
    assert restored.getexif()[0x010F] == 'Maker'
    assert restored.getexif().get(0x0112, 1) == 1
    assert restored.getchannel('A').getextrema() == (60, 60)


def test_a_photo_is_saved_with_what_was_read(restorer, picture, tmp_path):
    Image.fromarray(picture).save(tmp_path / 'a.jpg', comment=b'hello', dpi=(90, 90))
    lost = restorer(tmp_path / 'a.jpg').save(tmp_path / 'b.jpg')
    with Image.open(tmp_path / 'b.jpg') as saved:
        assert (saved.info['comment'], saved.info['dpi'], lost) == (b'hello', (90, 90), ())
    assert restorer(tmp_path / 'a.jpg').to_pil().mode == 'RGB'


@pytest.mark.parametrize(('dtype', 'white'), [(np.uint8, 255), (np.uint16, 65535), (float, 1.0)])
def test_a_gray_array_stays_gray_and_a_deep_one_deep(restorer, picture, dtype, white):
    gray = (picture[..., 0] / 255 * white).round(6).astype(dtype)
    restored = restorer(gray)
    assert (restored.shape, restored.dtype) == (gray.shape, gray.dtype)
    expected = restorer(np.repeat(picture[..., :1], 3, axis=2)).mean(axis=2) / 255
    np.testing.assert_allclose(restored / white, expected, atol=0.006)
    untouched = restorer(gray, strength=0)
    np.testing.assert_allclose(untouched, gray, atol=1 if dtype == np.uint16 else 1e-6)


@pytest.mark.parametrize('size', [(1, 1), (1, 9), (2, 3)])
def test_a_tiny_image_is_restored(restorer, size):
    assert restorer(np.full((*size, 3), 128, np.uint8)).shape == (*size, 3)


@pytest.mark.parametrize(
    'image',
    [
        np.zeros((4,), np.uint8),
        np.zeros((3, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 4)),
        torch.zeros(4, 4),
        torch.zeros(1, 4, 4),
        torch.zeros(3, 4, 0),
        torch.zeros(1, 1, 3, 4, 4),
    ],
)
def test_a_wrong_shape_is_named(restorer, image):
    with pytest.raises(ValueError, match=r'(array|tensor) of shape \(.*wanted \('):
        restorer(image)


@pytest.mark.parametrize(
    'image', [np.zeros((4, 4, 3), np.uint32), torch.zeros(3, 4, 4, dtype=torch.uint8)]
)
def test_a_wrong_type_is_named(restorer, image):
    with pytest.raises(TypeError, match=r'of type (torch\.)?uint.*\[0, 1\]'):
        restorer(image)


@pytest.mark.parametrize('value', [255.0, -1.0, float('nan')])
def test_values_outside_the_unit_range_are_refused(restorer, value):
    with pytest.raises(ValueError, match=r'wanted \[0, 1\]'):
        restorer(torch.full((3, 4, 4), value))
    with pytest.raises(ValueError, match=r'wanted \[0, 1\]'):
        restorer(np.full((4, 4, 3), value))


def test_equalizing_spreads_each_channel_before_restoring(restorer, picture):
    dark = (picture * 0.2).astype(np.uint8)
    equalized = np.stack(
        [cv2.equalizeHist(np.ascontiguousarray(dark[..., c])) for c in range(3)], axis=-1
    )
    np.testing.assert_array_equal(restorer(dark, equalize=True), restorer(equalized))


def test_what_is_no_picture_is_named(restorer):
    with pytest.raises(TypeError, match='not a list'):
        restorer([[0]])


def test_an_unreadable_file_is_named(restorer, tmp_path):
    with pytest.raises(ImageReadError, match=r'gone\.png: no such file'):
        restorer(tmp_path / 'gone.png')


# tiles, noise, steps


def test_tiles_give_the_whole_image(restorer, picture):
    """Up to what a tile cannot see, two pixels from its edge, where it has little weight.

    The noise, of 0.02, depends on the position, and the color is that of the whole image.
    """
    image = to_unit_tensor(picture)
    tiled, whole = restorer(image, tile=20, overlap=8), restorer(image, tile=0)
    torch.testing.assert_close(tiled, whole, atol=1e-3, rtol=0)


def test_a_plain_split_differs_from_the_whole_image_only_at_the_cuts(restorer, picture):
    image = to_unit_tensor(picture)
    differs = (restorer(image, tile=16, overlap=0) - restorer(image, tile=0)).abs().amax(
        dim=0
    ) > 1e-6
    assert differs.any()
    assert not differs[2:14, 2:14].any()


def test_priors_see_the_whole_image_once():
    restorer = RestoreModel(tiny_restorer())
    restorer(torch.rand(3, 64, 64), tile=16, overlap=4)
    assert restorer.model.priors['tiny'].calls == 1


@pytest.mark.parametrize(('pixels', 'tiled'), [(30 * 40, False), (30 * 40 - 1, True)])
def test_a_large_image_is_tiled_by_itself(restorer, monkeypatch, pixels, tiled):
    monkeypatch.setattr(tiles, 'WHOLE_PIXELS', pixels)
    monkeypatch.setattr(tiles, 'TILE', 16)
    sizes = []
    run = restorer.model.restore_region
    monkeypatch.setattr(
        restorer.model,
        'restore_region',
        lambda lq, *rest: sizes.append(tuple(lq.shape[-2:])) or run(lq, *rest),
    )
    restorer(torch.rand(3, 30, 40))
    assert max(sizes) == ((16, 16) if tiled else (30, 40))


@pytest.mark.parametrize(('tile', 'overlap'), [(-1, None), (16, 9), (16, -1)])
def test_a_tile_that_cannot_be_is_refused(restorer, tile, overlap):
    with pytest.raises(ValueError, match=f'tile {tile} with overlap'):
        restorer(torch.rand(3, 40, 40), tile=tile, overlap=overlap)


def test_the_same_seed_gives_the_same_result_and_another_one_another(restorer):
    image = torch.rand(3, 16, 16)
    torch.manual_seed(1)
    first = restorer(image, seed=3)
    torch.manual_seed(2)
    assert torch.equal(restorer(image, seed=3), first)
    assert not torch.equal(restorer(image, seed=4), first)


def test_steps_hold_for_one_call(restorer):
    image = torch.rand(3, 16, 16)
    default = restorer(image)
    assert not torch.equal(restorer(image, steps=5), default)
    assert torch.equal(restorer(image), default)
    assert torch.equal(restorer(image, steps=2), default)


@pytest.mark.parametrize(
    ('steps', 'error'), [(0, ValueError), (-1, ValueError), (2.5, TypeError), (True, TypeError)]
)
def test_steps_that_cannot_be_are_refused(restorer, steps, error):
    with pytest.raises(error, match=r'steps is .* whole number from 1'):
        restorer(torch.rand(3, 8, 8), steps=steps)


def test_steps_for_a_model_without_a_sampler_are_refused():
    with pytest.raises(ValueError, match='TinyRestorer has no sampler'):
        RestoreModel(tiny_restorer(steps=None))(torch.rand(3, 8, 8), steps=5)


@pytest.fixture(scope='module')
def diffusion():
    torch.manual_seed(0)
    return RestoreModel(
        MODELS.build(
            dict(
                type='DiffusionRestorer',
                backbone=dict(
                    type='IRSDEUNet',
                    width=4,
                    channel_mults=[1, 2],
                    attention=[None, dict(type='LinearAttentionBlock')],
                    mid_attention=dict(type='LinearAttentionBlock'),
                ),
                process=dict(type='MeanRevertingProcess', steps=20),
                loss=dict(type='L1Loss'),
                sampler=dict(type='MultistepDPM', steps=2),
            )
        )
    )


def test_more_steps_than_were_trained_are_refused_and_not_remembered(diffusion):
    image = torch.rand(3, 16, 16)
    before = diffusion(image)
    with pytest.raises(ValueError, match='20 trained ones, not 21'):
        diffusion(image, steps=21)
    assert torch.equal(diffusion(image), before)


@pytest.mark.parametrize('size', [(1, 1), (1, 30), (13, 22)])
def test_a_diffusion_restorer_takes_any_size(diffusion, size):
    assert diffusion(torch.rand(3, *size)).shape == (3, *size)


# loading


def test_weights_that_ship_are_loaded_by_name(shelf, picture):
    model = load('tiny', dtype='float32')
    assert model.info == dict(license='none')
    np.testing.assert_array_equal(model(picture), RestoreModel(tiny_restorer())(picture))


def test_without_arguments_the_default_is_loaded(shelf, monkeypatch):
    monkeypatch.setattr(inference, 'DEFAULT', 'tiny')
    assert load().info == dict(license='none')


@pytest.mark.parametrize('arguments', [('PATH',), ('restorelab:tiny',), (None, 'PATH')])
def test_a_published_file_is_loaded_by_path(shelf, arguments):
    path = str(shelf / 'tiny.safetensors')
    assert load(*[path if argument == 'PATH' else argument for argument in arguments]).info == dict(
        license='none'
    )


@pytest.mark.parametrize('name', ['a.pth', 'a.safetensors'])
def test_a_config_is_loaded_with_a_checkpoint(tmp_path, picture, name):
    state = tiny_restorer().state_dict()
    if name == 'a.pth':
        torch.save(dict(state_dict=state, meta=dict(iter=3)), tmp_path / name)
    else:
        save_file(state, tmp_path / name)
    model = load(write_config(tmp_path / 'config.py'), tmp_path / name, dtype='float32')
    np.testing.assert_array_equal(model(picture), RestoreModel(tiny_restorer())(picture))


def test_a_loaded_model_is_frozen_and_in_eval_mode(shelf):
    model = load('tiny').model
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_an_unknown_name_lists_those_that_ship(shelf):
    with pytest.raises(FileNotFoundError, match=r'tyni: no such weights.*restorelab:tiny'):
        load('tyni')


def test_a_config_without_a_checkpoint_says_what_is_missing(tmp_path):
    with pytest.raises(
        ValueError, match=r'config\.py is a config and has no weights; give checkpoint'
    ):
        load(write_config(tmp_path / 'config.py'))


def test_weights_given_twice_are_refused(shelf):
    with pytest.raises(ValueError, match=r'tiny brings its own weights.*other\.pth'):
        load('tiny', 'other.pth')


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'gone\.pth'):
        load(write_config(tmp_path / 'config.py'), tmp_path / 'gone.pth')


def test_a_checkpoint_alone_asks_for_its_config(tmp_path):
    torch.save(dict(state_dict=tiny_restorer().state_dict()), tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match=r'a\.pth: .*needs its config'):
        load(checkpoint=tmp_path / 'a.pth')


def test_a_checkpoint_of_another_config_is_reported_key_by_key(tmp_path):
    torch.save(dict(state_dict=tiny_restorer().state_dict()), tmp_path / 'a.pth')
    config = write_config(
        tmp_path / 'config.py', dict(CONFIG, backbone=dict(type='TinyNet', width=5))
    )
    with pytest.raises(
        CheckpointError, match=r'a\.pth: .*\n  reshaped 3: backbone\.conv\.weight \(3, 3, 3, 3\) in'
    ):
        load(config, tmp_path / 'a.pth')


@pytest.mark.parametrize('device', ['cuda:99', 'toaster', 'meta'])
def test_a_wrong_device_is_named_with_those_there_are(shelf, device):
    with pytest.raises(ValueError, match=f"device '{device}' cannot be used.*this machine has cpu"):
        load('tiny', device=device)


def test_the_device_defaults_to_what_is_there():
    assert pick_device(None).type == ('cuda' if torch.cuda.is_available() else 'cpu')
    assert pick_device('cpu') == torch.device('cpu')


@pytest.mark.slow
def test_importing_the_apis_does_not_import_torch():
    code = 'import sys, restorelab.apis; sys.exit("torch" in sys.modules)'
    subprocess.run([sys.executable, '-c', code], check=True)


def test_an_unknown_api_is_named():
    import restorelab.apis

    with pytest.raises(AttributeError, match="no attribute 'lod'; it has"):
        _ = restorelab.apis.lod


@pytest.mark.parametrize('tile', [0, 24])
def test_threads_with_different_steps_do_not_meet(diffusion, tile):
    image = torch.rand(3, 32, 40)
    counts = [1, 2, 5, 20, 2, 1, 20, 5]
    serial = [diffusion(image, steps=steps, tile=tile) for steps in counts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda steps: diffusion(image, steps=steps, tile=tile), counts))
    for one, other in zip(serial, together, strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(serial[0], serial[1])
