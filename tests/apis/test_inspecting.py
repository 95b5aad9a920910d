"""What is wrong with pictures, and how badly: as numbers and as text."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from restorelab import cli
from restorelab.apis import RestoreModel
from restorelab.apis.inspecting import as_bars, inspect_files
from restorelab.io.images import read_image, write_image
from restorelab.utils.weights import save_published
from tests.apis.tiny import tiny_restorer
from tests.models.tiny import HOUSE, house


@pytest.fixture
def weights(tmp_path):
    """Of a model that finds noise of 0.25 and haze of 0.8 in every picture."""
    path = tmp_path / 'house.safetensors'
    save_published(path, house(noise=0.25, haze=0.8).state_dict(), HOUSE, {})
    return path


@pytest.fixture
def photos(tmp_path):
    """a.png and deep/b.jpg."""
    folder = tmp_path / 'photos'
    (folder / 'deep').mkdir(parents=True)
    for name in ('a.png', 'deep/b.jpg'):
        write_image(folder / name, np.full((20, 30, 3), 99, np.uint8))
    return folder


def test_a_picture_has_the_strengths_that_the_verdict_says(photos):
    model = RestoreModel(house(noise=0.25, haze=0.8))
    wanted = pytest.approx(dict(noise=0.25, jpeg=0, haze=0.8))
    picture = read_image(photos / 'a.png')
    for image in (picture, photos / 'a.png', torch.rand(3, 9, 7), torch.rand(1, 3, 9, 7)):
        assert model.inspect(image) == wanted


def test_only_the_verdict_is_asked():
    model = RestoreModel(house())
    del model.model.priors['haze'], model.model.backbone.stages['haze']
    assert model.inspect(torch.rand(3, 9, 7)) == dict(noise=0, jpeg=0, haze=0)


def test_several_pictures_at_once_are_refused():
    with pytest.raises(ValueError, match='2 pictures at once; inspect one after another'):
        RestoreModel(house()).inspect(torch.rand(2, 3, 9, 7))


def test_a_model_that_does_not_tell_degradations_apart_says_so():
    with pytest.raises(ValueError, match=r'TinyRestorer does not tell degradations apart'):
        RestoreModel(tiny_restorer()).inspect(torch.rand(3, 9, 7))


def test_the_strongest_comes_first_and_none_has_no_bar():
    text = as_bars(Path('street.jpg'), dict(noise=0.25, lowlight=1.0, jpeg=0.0))
    assert text.splitlines() == [
        'street.jpg',
        '  lowlight  1.00  ' + 20 * '█',
        '  noise     0.25  █████',
        '  jpeg      0.00',
    ]


def test_every_image_of_a_folder_is_inspected_and_nothing_is_written(
    photos, weights, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob('*'))
    assert inspect_files(str(photos), str(weights)) == 0
    assert sorted(tmp_path.rglob('*')) == before
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if not line.startswith(' ')] == [
        str(photos / 'a.png'),
        str(photos / 'deep/b.jpg'),
    ]
    assert lines.count('  haze   0.80  ' + 16 * '█') == 2


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_inspected(photos, weights, capsys):
    (photos / 'bad.png').write_bytes(b'words')
    assert inspect_files(str(photos), str(weights)) == 1
    said = capsys.readouterr().out
    assert 'bad.png: not a readable image' in said
    assert said.count('haze') == 2


def test_the_command_prints_bars(photos, weights, capsys):
    assert cli.main(['inspect', str(photos / 'a.png'), '--model', str(weights)]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ['haze', '0.80', 16 * '█']


@pytest.mark.parametrize('source', ['gone.png', 'empty', 'pipe'])
def test_the_command_says_when_there_is_nothing_to_inspect(source, weights, tmp_path, capsys):
    (tmp_path / 'empty').mkdir()
    os.mkfifo(tmp_path / 'pipe')
    assert cli.main(['inspect', str(tmp_path / source), '--model', str(weights)]) == 1
    assert capsys.readouterr().err.startswith(f'error: {tmp_path / source}: ')


def test_the_command_needs_a_model_that_tells_degradations_apart(photos, capsys):
    arguments = ['inspect', str(photos / 'a.png'), '--model', 'diffuir-tiny']
    assert cli.main(arguments) == 1
    assert 'does not tell degradations apart' in capsys.readouterr().err
