"""Bad folders and bad files, the cache, and names for outputs."""

import numpy as np
import pytest
from PIL import Image

from restorelab.datasets import OnTheFlyDataset, base
from restorelab.datasets.base import ImageCache, find_images, unique_keys
from tests.datasets.pictures import save, save_all, scene
from tests.io.image_cases import PLACES

GRAY = (scene(20, 24)[..., 0] * 255).astype(np.uint8)


def samples_of(folder):
    pipeline = [dict(type='Degrade'), dict(type='PackRestoration')]
    return OnTheFlyDataset(source=folder, degradations=['noise'], pipeline=pipeline)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere: no such folder'):
        find_images(tmp_path / 'nowhere')


def test_a_file_in_place_of_a_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'x.png: is a file, not a folder'):
        find_images(save(tmp_path / 'x.png'))


def test_a_folder_without_images_is_named(tmp_path):
    with pytest.raises(ValueError, match='no image in it'):
        find_images(tmp_path)


@pytest.mark.parametrize(
    'damage',
    [lambda data: b'', lambda data: data[: len(data) // 2], lambda data: b'text' * 99],
    ids=['empty', 'truncated', 'no image'],
)
def test_a_damaged_file_is_named(tmp_path, damage):
    path = save(tmp_path / 'bad.png', (64, 64))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r'bad\.png'):
        samples_of(tmp_path)[0]


ODD_FILES = {
    'gray.png': Image.fromarray(GRAY),
    'deep.png': Image.fromarray(GRAY.astype(np.uint16) * 257),
    'palette.png': Image.fromarray(GRAY)
    .convert('RGB')
    .convert('P', palette=Image.Palette.ADAPTIVE),
    'rgba.png': Image.fromarray(GRAY).convert('RGBA'),
    'cmyk.jpg': Image.fromarray(GRAY).convert('RGB').convert('CMYK'),
}


@pytest.mark.parametrize('name', ODD_FILES)
def test_unusual_kinds_of_files_become_rgb(tmp_path, name):
    ODD_FILES[name].save(tmp_path / name)
    gt = samples_of(tmp_path)[0]['data_samples'].gt.permute(1, 2, 0).numpy()
    assert gt.shape == (20, 24, 3)
    assert np.abs(gt.astype(int) - GRAY[..., None].astype(int)).mean() < 4


def test_an_exif_rotated_file_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    Image.fromarray(GRAY).save(tmp_path / 'turned.jpg', exif=exif)
    assert samples_of(tmp_path)[0]['data_samples'].ori_shape == (24, 20)


def test_a_file_of_one_pixel_can_be_used(tmp_path):
    save(tmp_path / 'dot.png', (1, 1))
    assert samples_of(tmp_path)[0]['inputs'].shape == (3, 1, 1)


def test_the_cache_reads_a_file_once(tmp_path):
    path, cache = save(tmp_path / 'x.png'), ImageCache(limit_mib=1)
    first = cache.read(path)
    path.unlink()
    assert cache.read(path) is first


def test_the_cache_stays_within_its_limit(tmp_path):
    save_all(tmp_path, [f'{n}.png' for n in range(5)], size=(256, 256))  # 192 KiB each
    cache = ImageCache(limit_mib=0.5)
    for path in find_images(tmp_path):
        cache.read(path)
    assert len(cache.images) == 2


def test_the_environment_says_how_much_memory_the_cache_may_take(tmp_path, monkeypatch):
    monkeypatch.setenv('RESTORELAB_CACHE_MIB', '0')
    cache = ImageCache()
    cache.read(save(tmp_path / 'x.png'))
    assert not cache.images
    monkeypatch.setenv('RESTORELAB_CACHE_MIB', 'much')
    with pytest.raises(ValueError, match="RESTORELAB_CACHE_MIB is 'much'; it must be a number"):
        ImageCache()


def test_cached_images_cannot_be_written_to(tmp_path):
    with pytest.raises(ValueError, match='read-only'):
        ImageCache(limit_mib=1).read(save(tmp_path / 'x.png'))[0] = 0


def test_names_for_outputs_are_unique_and_flat():
    assert unique_keys(['a/b', 'a_b', 'a_b-2', 'a_b', 'c']) == [
        'a_b',
        'a_b-2',
        'a_b-2-2',
        'a_b-3',
        'c',
    ]


def test_what_is_no_image_file_is_skipped_with_a_warning(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(base, 'print_log', lambda message, logger, level: said.append(message))
    wanted = save(tmp_path / 'good/b.png')
    for case in PLACES[:6]:
        folder = tmp_path / case.name
        folder.mkdir()
        case.make(folder)
    assert find_images(tmp_path) == [wanted]
    (message,) = said
    assert message.startswith('6 file(s) with the name of an image are skipped: ')
