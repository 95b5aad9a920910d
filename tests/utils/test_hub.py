import pytest

from restorelab.utils.hub import read_part

FILES = ('config.json', 'weights.safetensors')


def unreachable(pretrained, subfolder):
    try:
        raise ConnectionError("We couldn't connect to the hub\nmore lines")
    except ConnectionError as error:
        raise OSError(f'{pretrained} does not appear to have a file named config.json') from error


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'vae').mkdir()
    for file in FILES:
        (tmp_path / 'vae' / file).touch()
    return tmp_path


def test_a_part_is_read_from_its_subfolder(folder):
    read = read_part(lambda path, subfolder: (path, subfolder), str(folder), 'vae', FILES)
    assert read == (str(folder), 'vae')


def test_offline_the_message_names_the_files_the_true_reason_and_both_ways():
    message = (
        r"'unet/config\.json', 'unet/weights\.safetensors' of 'stabilityai/sd-turbo' is missing "
        r"\(ConnectionError: We couldn't connect to the hub\)\. Two ways .* or copy a snapshot"
    )
    with pytest.raises(FileNotFoundError, match=message):
        read_part(unreachable, 'stabilityai/sd-turbo', 'unet', FILES)


@pytest.mark.parametrize('file', FILES)
def test_each_file_that_a_folder_lacks_is_named(folder, file):
    (folder / 'vae' / file).unlink()
    with pytest.raises(
        FileNotFoundError,
        match=rf"^'vae/{file}' of .* is missing \(the folder lacks it\)\. Two ways",
    ):
        read_part(unreachable, str(folder), 'vae', FILES)


def test_a_damaged_file_is_not_called_missing(folder):
    with pytest.raises(
        ValueError,
        match=r"'vae' of .* cannot be read \(ConnectionError.*one of its files is damaged",
    ):
        read_part(unreachable, str(folder), 'vae', FILES)


def test_what_the_hub_did_not_raise_is_passed_on():
    def broken(pretrained, subfolder):
        raise TypeError('a bug')

    with pytest.raises(TypeError, match='a bug'):
        read_part(broken, 'stabilityai/sd-turbo', 'vae', FILES)
