import re
from dataclasses import replace

import pytest

from restorelab.cli import main
from restorelab.datasets.check import check_data, recipes_in
from restorelab.datasets.recipes import RECIPES
from tests.datasets.pictures import save, save_all
from tests.io.image_cases import PLACES

RECIPE = replace(RECIPES['sots_outdoor_test'], lq='hazy', gt='clear', num_lq=3, num_gt=2)


@pytest.fixture
def root(tmp_path):
    save_all(
        tmp_path, ['hazy/1_a.png', 'hazy/1_b.png', 'hazy/2_a.png', 'clear/1.png', 'clear/2.png']
    )
    return tmp_path


def test_a_sound_set_has_no_problem(root):
    assert check_data(root, RECIPE) == []


def test_missing_folders_are_named(tmp_path):
    assert check_data(tmp_path, RECIPE) == [
        f'{tmp_path}/hazy: no such folder',
        f'{tmp_path}/clear: no such folder',
    ]


def test_an_empty_folder_is_named(tmp_path):
    (tmp_path / 'hazy').mkdir()
    save_all(tmp_path, ['clear/1.png'])
    assert check_data(tmp_path, RECIPE)[0].startswith(f'{tmp_path}/hazy: no image in it')


def test_wrong_counts_and_lonely_files_are_named(root):
    (root / 'clear/2.png').unlink()
    save_all(root, ['hazy/cover.png'])
    assert check_data(root, RECIPE) == [
        f'{root}/clear: 1 images, expected 2',
        f'{root}/hazy/2_a.png: has no clean image in {root}/clear',
        f'{root}/hazy/cover.png: its name does not fit the recipe',
    ]


def test_unreadable_files_are_named_unless_it_must_be_quick(root):
    (root / 'clear/2.png').write_bytes(b'')
    path = root / 'hazy/1_a.png'
    path.write_bytes(path.read_bytes()[:200])
    problems = check_data(root, RECIPE)
    assert [problem.split(':')[0] for problem in problems] == [str(path), str(root / 'clear/2.png')]
    assert check_data(root, RECIPE, quick=True) == []


@pytest.mark.parametrize('case', PLACES[:6], ids=lambda case: case.name)
def test_what_is_no_file_is_one_problem(root, case):
    path = case.make(root / 'hazy')
    (problem,) = check_data(root, RECIPE)
    assert re.search(case.words, problem)
    assert problem.startswith(str(path))


def test_pairs_of_different_size_are_named(root):
    save(root / 'hazy/2_a.png', (30, 20))
    assert check_data(root, RECIPE) == [
        f'{root}/hazy/2_a.png: is (30, 20), but {root}/clear/2.png is (24, 20) (height, width)'
    ]


def test_sets_of_clean_images_are_counted_and_read(tmp_path):
    save_all(tmp_path, ['Kodak24/1.png'])
    (tmp_path / 'Kodak24/2.png').write_bytes(b'')
    problems = check_data(tmp_path, 'kodak24_test')
    assert problems[0] == f'{tmp_path}/Kodak24: 2 images, expected 24'
    assert problems[1].startswith(f'{tmp_path}/Kodak24/2.png: the file is empty')


def test_real_images_need_no_clean_ones(tmp_path):
    save_all(tmp_path, ['RTTS/JPEGImages/1.png'])
    assert check_data(tmp_path, 'rtts_test') == [
        f'{tmp_path}/RTTS/JPEGImages: 1 images, expected 4322'
    ]


def test_recipes_are_found_by_their_folders(tmp_path):
    save_all(tmp_path, ['Kodak24/1.png', 'LOL/test/low/1.png'])
    assert recipes_in(tmp_path) == ['lol_test', 'kodak24_test']


def test_the_command_reports_and_exits_with_one(tmp_path, capsys):
    save_all(tmp_path, ['Kodak24/1.png'])
    assert main(['check-data', str(tmp_path)]) == 1
    assert capsys.readouterr().out == (
        f'kodak24_test: 1 problem(s)\n  {tmp_path}/Kodak24: 1 images, expected 24\n'
    )


def test_the_command_exits_with_zero_for_a_sound_set(tmp_path, capsys):
    save_all(tmp_path, [f'Kodak24/{n}.png' for n in range(24)])
    assert main(['check-data', str(tmp_path), 'kodak24_test']) == 0
    assert capsys.readouterr().out == 'kodak24_test: sound\n'


@pytest.mark.parametrize(
    ('names', 'message'), [([], 'none of the known data sets'), (['kodak'], 'kodak24_test')]
)
def test_the_command_says_what_it_does_not_know(tmp_path, capsys, names, message):
    assert main(['check-data', str(tmp_path), *names]) == 1
    assert message in capsys.readouterr().err
