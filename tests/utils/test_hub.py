import pytest

from restorelab.utils.hub import read_part


def offline(pretrained, subfolder):
    raise OSError("We couldn't connect to the hub\nmore lines")


def test_a_part_is_read_from_its_subfolder(tmp_path):
    (tmp_path / 'vae').mkdir()
    (tmp_path / 'vae' / 'config.json').touch()
    assert read_part(lambda path, subfolder: (path, subfolder), str(tmp_path), 'vae', 'config.json') == (
        str(tmp_path), 'vae')


def test_offline_the_message_names_the_file_and_both_ways():
    message = (r"'unet/config\.json' of 'stabilityai/sd-turbo' is missing \(We couldn't connect to the hub\)\. "
               r'Two ways .* or copy a snapshot')
    with pytest.raises(FileNotFoundError, match=message):
        read_part(offline, 'stabilityai/sd-turbo', 'unet', 'config.json')
