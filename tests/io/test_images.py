"""Image files are read as a viewer shows them, refused by name, and written without loss."""

import math
import struct
import zlib

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from restorelab.io import images
from restorelab.io.images import (
    ImageReadError,
    find_image_files,
    image_size,
    label_map_size,
    read_image,
    read_label_map,
    to_uint8,
    to_unit_tensor,
    write_image,
)
from tests.io.image_cases import DEPTHS, PLACES


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png_header(width: int, height: int) -> bytes:
    """A PNG file that claims a size and holds no pixels."""

    header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    return (
        b'\x89PNG\r\n\x1a\n'
        + png_chunk(b'IHDR', header)
        + png_chunk(b'IDAT', zlib.compress(b''))
        + png_chunk(b'IEND', b'')
    )


@pytest.mark.parametrize('extension', ['.png', '.bmp', '.tif', '.webp'])
def test_lossless_formats_come_back_exactly(tmp_path, picture, extension):
    write_image(tmp_path / f'a{extension}', picture)
    np.testing.assert_array_equal(read_image(tmp_path / f'a{extension}'), picture)


def test_jpeg_keeps_its_colors_at_full_resolution(tmp_path, picture):
    write_image(tmp_path / 'a.jpg', picture)
    assert np.abs(read_image(tmp_path / 'a.jpg').astype(int) - picture).mean() < 5


@pytest.mark.parametrize('mode', ['L', '1', 'P'])
def test_gray_and_palette_become_rgb(tmp_path, picture, mode):
    image = Image.fromarray(picture).convert(mode)
    image.save(tmp_path / 'a.png')
    np.testing.assert_array_equal(read_image(tmp_path / 'a.png'), np.array(image.convert('RGB')))


@pytest.mark.parametrize('mode', ['RGBA', 'LA'])
def test_transparent_pixels_are_laid_on_white(tmp_path, mode):
    image = Image.new(mode, (4, 2), (10, 0) if mode == 'LA' else (10, 20, 30, 0))
    image.save(tmp_path / 'a.png')
    assert (read_image(tmp_path / 'a.png') == 255).all()


def test_transparency_in_a_palette_is_laid_on_white(tmp_path):
    image = Image.new('P', (4, 2), 3)
    image.putpalette([7] * 768)
    image.save(tmp_path / 'a.png', transparency=3)
    assert (read_image(tmp_path / 'a.png') == 255).all()


def test_opaque_pixels_keep_their_values_under_an_alpha_channel(tmp_path, picture):
    rgba = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    Image.fromarray(rgba).save(tmp_path / 'a.png')
    np.testing.assert_array_equal(read_image(tmp_path / 'a.png'), picture)


@pytest.mark.parametrize('extension', ['.png', '.tif'])
def test_16_bits_are_scaled_to_8(tmp_path, extension):
    levels = np.arange(256, dtype=np.uint16).reshape(16, 16)
    Image.fromarray(levels * 257).save(tmp_path / f'a{extension}')
    wanted = np.stack([levels.astype(np.uint8)] * 3, axis=2)
    np.testing.assert_array_equal(read_image(tmp_path / f'a{extension}'), wanted)


def test_16_bit_color_is_scaled_to_8(tmp_path, picture):
    # Pillow does not write 16-bit color
    cv2.imwrite(str(tmp_path / 'a.png'), picture[..., ::-1].astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_image(tmp_path / 'a.png'), picture)


def test_float_values_in_the_unit_range_are_scaled(tmp_path):
    Image.fromarray(np.array([[0, 0.5, 1]], dtype=np.float32)).save(tmp_path / 'a.tif')
    assert read_image(tmp_path / 'a.tif')[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize('value', [2.0, -1.0, np.nan])
def test_float_values_of_unknown_range_are_refused(tmp_path, value):
    Image.fromarray(np.array([[0, value]], dtype=np.float32)).save(tmp_path / 'a.tif')
    with pytest.raises(ImageReadError, match=r'a\.tif.*wanted 0 to 1'):
        read_image(tmp_path / 'a.tif')


@pytest.mark.parametrize('case', [*DEPTHS, *PLACES], ids=lambda case: case.name)
def test_every_depth_and_every_place_has_a_rule(tmp_path, monkeypatch, case):
    for name, value in case.variables.items():
        monkeypatch.setenv(name, value)
    path = case.make(tmp_path)
    if case.words is None:
        assert read_image(path).max() == case.top
    else:
        with pytest.raises(ImageReadError, match=case.words):
            read_image(path)


def test_a_deep_picture_is_turned_and_laid_on_white_as_others_are(tmp_path, picture, monkeypatch):
    monkeypatch.setenv('RESTORELAB_SAMPLE_BITS', '12')
    samples = np.dstack([picture, picture[..., :1] * 0 + 255]).astype(np.uint16) * 16 + 15
    samples[..., 3] *= 16
    samples[0, 0] = 0
    cv2.imwrite(str(tmp_path / 'plain.png'), samples[..., [2, 1, 0, 3]])
    exif = Image.Exif()
    exif[0x0112] = 6
    data = (tmp_path / 'plain.png').read_bytes()
    turn = png_chunk(b'eXIf', exif.tobytes().removeprefix(b'Exif\0\0'))
    (tmp_path / 'a.png').write_bytes(data[:33] + turn + data[33:])
    found = read_image(tmp_path / 'a.png')
    wanted = np.rint(samples[..., :3] * (255 / 4095))
    opacity = (samples[..., 3:] >> 8) / 255
    wanted = np.rot90(np.rint(wanted * opacity + 255 * (1 - opacity)), -1)
    np.testing.assert_allclose(found, wanted, atol=1)


def test_label_maps_are_read_as_numbers(tmp_path):
    labels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    image = Image.fromarray(labels)
    image.putpalette(list(range(255, -1, -1)) * 3)
    image.save(tmp_path / 'a.png')
    np.testing.assert_array_equal(read_label_map(tmp_path / 'a.png'), labels)
    assert label_map_size(tmp_path / 'a.png') == (3, 4)


@pytest.mark.parametrize(
    ('labels', 'words'),
    [
        (np.full((3, 4), 300, np.uint16), 'labels from 300 to 300; wanted are numbers'),
        (np.zeros((3, 4, 3), np.uint8), 'wanted is one channel'),
        (np.zeros((3, 4), np.float32), 'wanted is one channel'),
    ],
)
def test_a_label_map_of_another_kind_is_refused(tmp_path, labels, words):
    Image.fromarray(labels).save(tmp_path / 'a.tif')
    with pytest.raises(ImageReadError, match=words):
        read_label_map(tmp_path / 'a.tif')


def test_the_size_is_that_of_the_turned_picture(tmp_path, picture):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(picture).save(tmp_path / 'a.jpg', exif=exif)
    assert image_size(tmp_path / 'a.jpg') == read_image(tmp_path / 'a.jpg').shape[:2] == (9, 6)


def test_a_folder_is_searched_to_its_end(tmp_path, picture):
    for case in PLACES[:6]:
        folder = tmp_path / case.name
        folder.mkdir()
        case.make(folder)
    (tmp_path / 'z').mkdir()
    write_image(tmp_path / 'z/last.png', picture)
    (tmp_path / 'z/link.png').symlink_to('last.png')
    found, faults = find_image_files(tmp_path)
    assert [path.name for path in found] == ['last.png', 'link.png']
    assert len(faults) == 6


def test_cmyk_becomes_rgb(tmp_path):
    Image.new('CMYK', (8, 8), (0, 255, 255, 0)).save(tmp_path / 'a.jpg')
    np.testing.assert_allclose(read_image(tmp_path / 'a.jpg')[0, 0], [255, 0, 0], atol=4)


def test_the_exif_orientation_is_applied(tmp_path, picture):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise to view
    Image.fromarray(picture).save(tmp_path / 'a.png', exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / 'a.png'), np.rot90(picture, -1))


def test_the_first_frame_of_an_animation_is_taken(tmp_path):
    frames = [Image.new('L', (4, 4), level) for level in (10, 200)]
    frames[0].save(tmp_path / 'a.gif', save_all=True, append_images=frames[1:])
    assert (read_image(tmp_path / 'a.gif') == 10).all()


def test_one_pixel_is_an_image(tmp_path):
    write_image(tmp_path / 'a.png', np.full((1, 1, 3), 7, np.uint8))
    assert read_image(tmp_path / 'a.png').tolist() == [[[7, 7, 7]]]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ImageReadError, match=r'gone\.png: no such file'):
        read_image(tmp_path / 'gone.png')


def test_a_folder_is_named(tmp_path):
    with pytest.raises(ImageReadError, match='is a folder'):
        read_image(tmp_path)


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (b'', 'empty'),
        (b'these are words', 'not a readable image'),
        (png_header(0, 5), 'not a readable image|no pixels'),
        (png_header(5, 5), 'not a readable image'),
    ],
)
def test_a_damaged_file_is_named_with_the_reason(tmp_path, content, reason):
    (tmp_path / 'bad.png').write_bytes(content)
    with pytest.raises(ImageReadError, match=rf'bad\.png: .*({reason})'):
        read_image(tmp_path / 'bad.png')


@pytest.mark.parametrize('extension', ['.png', '.jpg', '.tif', '.webp', '.bmp'])
def test_a_truncated_file_is_refused_not_filled_with_gray(tmp_path, extension):
    path = tmp_path / f'cut{extension}'
    write_image(path, np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ImageReadError, match=rf'cut\{extension}: not a readable image'):
        read_image(path)


def test_a_decompression_bomb_is_refused_saying_how_to_raise_the_limit(tmp_path):
    (tmp_path / 'bomb.png').write_bytes(png_header(60000, 60000))
    with pytest.raises(
        ImageReadError, match=r'bomb\.png: .*decompression bomb.*RESTORELAB_MAX_PIXELS'
    ):
        read_image(tmp_path / 'bomb.png')


@pytest.mark.parametrize(('limit', 'fits'), [(54, True), (52, False)])
def test_the_environment_sets_the_pixel_limit(tmp_path, picture, monkeypatch, limit, fits):
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', Image.MAX_IMAGE_PIXELS)
    monkeypatch.setenv(images.PIXEL_LIMIT_VARIABLE, str(limit))
    write_image(tmp_path / 'a.png', picture)  # 54 pixels
    if fits:
        with pytest.warns(Image.DecompressionBombWarning):
            read_image(tmp_path / 'a.png')
    else:
        with pytest.raises(ImageReadError, match='decompression bomb'):
            read_image(tmp_path / 'a.png')


def test_a_pixel_limit_that_is_no_number_is_named(tmp_path, picture, monkeypatch):
    write_image(tmp_path / 'a.png', picture)
    monkeypatch.setenv(images.PIXEL_LIMIT_VARIABLE, 'many')
    with pytest.raises(ValueError, match="RESTORELAB_MAX_PIXELS is 'many'"):
        read_image(tmp_path / 'a.png')


def test_an_unknown_extension_is_refused_with_the_known_ones(tmp_path, picture):
    with pytest.raises(ValueError, match=r"a\.xyz.*'\.xyz'.*\.png"):
        write_image(tmp_path / 'a.xyz', picture)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    'wrong', [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), torch.zeros(3, 4, 4)]
)
def test_only_uint8_rgb_arrays_are_written(tmp_path, wrong):
    with pytest.raises(TypeError, match=r'a\.png: write_image takes uint8'):
        write_image(tmp_path / 'a.png', wrong)


def test_a_failed_write_keeps_the_old_image(tmp_path, picture, monkeypatch):
    path = tmp_path / 'a.png'
    write_image(path, picture)

    def fill_disk(self, file, **options):
        file.write_bytes(b'half')
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(Image.Image, 'save', fill_disk)
    with pytest.raises(OSError, match=r'a\.png: could not be written.*No space left'):
        write_image(path, picture[::-1])
    np.testing.assert_array_equal(read_image(path), picture)
    assert len(list(tmp_path.iterdir())) == 1


def test_tensor_conversion_round_trips_every_level():
    levels = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    np.testing.assert_array_equal(to_uint8(to_unit_tensor(levels)), levels)


def test_to_uint8_rounds_and_clamps():
    row = torch.tensor([-1.0, 0.4999 / 255, 0.5001 / 255, 2.0]).expand(3, 1, 4)
    assert to_uint8(row)[0, :, 0].tolist() == [0, 0, 1, 255]


def test_a_float_tensor_becomes_rounded_pixels():
    image = torch.tensor([0.0, 0.5, 1.5]).view(3, 1, 1)
    assert to_uint8(image).tolist() == [[[0, 128, 255]]]


def test_not_a_number_is_shown_as_black():
    assert to_uint8(torch.full((3, 2, 2), math.nan)).max() == 0


def test_a_float_array_keeps_its_layout():
    image = np.float32([[[0.0, 0.5, 1.5]]])
    assert to_uint8(image).tolist() == [[[0, 128, 255]]]
