"""Restoring files: names are kept, nothing is overwritten, unreadable files are reported."""

import errno
import os
import re

import numpy as np
import pytest
import torch

from restorelab.apis import RestoreModel, files, restore_files
from restorelab.io.images import ImageReadError, read_image, write_image
from restorelab.utils import weights
from restorelab.utils.weights import save_published
from tests.apis.tiny import CONFIG, tiny_restorer
from tests.io.image_cases import PLACES
from tests.models.tiny import HOUSE, house


@pytest.fixture(autouse=True)
def shelf(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp('weights')
    monkeypatch.setattr('restorelab.trust.MAKERS', ('restorelab.models.', 'tests.apis.tiny'))
    monkeypatch.setattr(weights, 'WEIGHTS_DIR', folder)
    save_published(folder / 'tiny.safetensors', tiny_restorer().state_dict(), CONFIG, {})


@pytest.fixture
def photos(tmp_path):
    """a.png, deep/b.jpg, deep/c.tif and a text file."""
    folder = tmp_path / 'photos'
    (folder / 'deep').mkdir(parents=True)
    for index, name in enumerate(('a.png', 'deep/b.jpg', 'deep/c.tif')):
        image = np.random.default_rng(index).integers(60, 190, (14, 18, 3), dtype=np.uint8)
        write_image(folder / name, image)
    (folder / 'notes.txt').write_text('no image')
    return folder


def names(folder):
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob('*') if path.is_file()
    )


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def restore(source, output, **options):
    options = dict(model='tiny', dtype='float32') | options
    return restore_files(str(source), str(output), **options)


def refuse_to_load(*arguments):
    raise AssertionError('the model was loaded before the mistake was found')


def test_a_folder_keeps_its_relative_names(photos, tmp_path):
    assert restore(photos, tmp_path / 'out') == 0
    assert names(tmp_path / 'out') == ['a.png', 'deep/b.jpg', 'deep/c.tif']


def test_a_file_is_restored_as_the_model_does(photos, tmp_path):
    assert restore(photos / 'a.png', tmp_path / 'new/result.png') == 0
    expected = RestoreModel(tiny_restorer())(read_image(photos / 'a.png'))
    np.testing.assert_array_equal(read_image(tmp_path / 'new/result.png'), expected)


def test_options_reach_the_model(photos, tmp_path):
    restore(photos / 'a.png', tmp_path / 'result.png', tile=8, steps=3, seed=5)
    expected = RestoreModel(tiny_restorer())(read_image(photos / 'a.png'), tile=8, steps=3, seed=5)
    np.testing.assert_array_equal(read_image(tmp_path / 'result.png'), expected)


def test_a_strength_reaches_the_model(photos, tmp_path):
    restore(photos / 'a.png', tmp_path / 'half.png', strength=0.5)
    expected = RestoreModel(tiny_restorer())(read_image(photos / 'a.png'), strength=0.5)
    np.testing.assert_array_equal(read_image(tmp_path / 'half.png'), expected)
    restore(photos / 'a.png', tmp_path / 'none.png', strength=0)
    np.testing.assert_array_equal(read_image(tmp_path / 'none.png'), read_image(photos / 'a.png'))


def test_a_dtype_reaches_the_model_and_is_said(photos, tmp_path, capsys):
    restore(photos / 'a.png', tmp_path / 'result.png', dtype='bf16')
    expected = RestoreModel(tiny_restorer(), dtype=torch.bfloat16)(read_image(photos / 'a.png'))
    np.testing.assert_array_equal(read_image(tmp_path / 'result.png'), expected)
    assert '1 of 1 images restored in bfloat16' in capsys.readouterr().out


@pytest.mark.parametrize('names', [dict(only=['haze']), dict(excepted=['noise'])])
def test_degradations_to_undo_reach_the_model(photos, tmp_path, names):
    model = house(noise=1.0, haze=1.0)
    save_published(tmp_path / 'house.safetensors', model.state_dict(), HOUSE, {})
    options = dict(model=str(tmp_path / 'house.safetensors'), **names)
    restore(photos / 'a.png', tmp_path / 'result.png', **options)
    expected = RestoreModel(house(haze=1.0))(read_image(photos / 'a.png'))
    np.testing.assert_array_equal(read_image(tmp_path / 'result.png'), expected)


@pytest.mark.parametrize('wish', [dict(strength=2), dict(only=['noise'])])
def test_a_wish_that_the_model_cannot_obey_is_found_before_the_first_image(photos, tmp_path, wish):
    with pytest.raises(ValueError, match=r'strength=2|does not tell degradations apart'):
        restore(photos, tmp_path / 'out', **wish)
    assert names(tmp_path / 'out') == []


def test_a_file_goes_into_a_folder(photos, tmp_path):
    restore(photos / 'a.png', tmp_path / 'out')
    assert names(tmp_path / 'out') == ['a.png']


@pytest.mark.parametrize(
    ('pattern', 'results'),
    [('**/*.*g', ['a.png', 'deep/b.jpg']), ('*.png', ['a.png']), ('deep/?.tif', ['c.tif'])],
)
def test_a_glob_keeps_names_from_its_fixed_part_on(photos, tmp_path, pattern, results):
    assert restore(photos / pattern, tmp_path / 'out') == 0
    assert names(tmp_path / 'out') == results


def test_a_file_whose_name_looks_like_a_glob_is_that_file(photos, tmp_path):
    (photos / 'a.png').rename(photos / 'a[1].png')
    assert restore(photos / 'a[1].png', tmp_path / 'out') == 0
    assert names(tmp_path / 'out') == ['a[1].png']


def test_formats_that_are_not_written_become_png(tmp_path):
    (tmp_path / 'in').mkdir()
    (tmp_path / 'in/a.ppm').write_bytes(b'P6 2 1 255\n' + bytes(6))
    restore(tmp_path / 'in', tmp_path / 'out')
    assert names(tmp_path / 'out') == ['a.png']


def test_a_panel_lies_beside_each_result(photos, tmp_path):
    restore(photos / 'a.png', tmp_path / 'out', panel=True)
    assert names(tmp_path / 'out') == ['a.png', 'a_panel.png']
    assert read_image(tmp_path / 'out/a_panel.png').shape[1] > 2 * 18


def test_earlier_results_inside_the_source_are_not_inputs(photos):
    restore(photos, photos / 'restored')
    assert restore(photos, photos / 'restored', overwrite=True) == 0
    assert names(photos / 'restored') == ['a.png', 'deep/b.jpg', 'deep/c.tif']


def test_unreadable_files_are_skipped_named_at_the_end_and_give_exit_code_1(
    photos, tmp_path, capsys
):
    (photos / 'bad.png').write_bytes(b'words')
    (photos / 'deep/empty.jpg').touch()
    assert restore(photos, tmp_path / 'out') == 1
    said = capsys.readouterr().out
    assert '3 of 5 images restored' in said
    assert 'bad.png: not a readable image' in said
    assert 'empty.jpg: the file is empty' in said
    assert names(tmp_path / 'out') == ['a.png', 'deep/b.jpg', 'deep/c.tif']


def test_a_glob_that_meets_other_files_reports_them(photos, tmp_path, capsys):
    assert restore(photos / '*.*', tmp_path / 'out') == 1
    assert 'notes.txt: not a readable image' in capsys.readouterr().out


@pytest.mark.parametrize('source', ['gone.png', 'gone', '*.gif', 'empty'])
def test_nothing_found_is_an_error_that_says_what_is_wanted(tmp_path, source, monkeypatch):
    monkeypatch.setattr(files, 'load', refuse_to_load)
    (tmp_path / 'empty').mkdir()
    with pytest.raises(FileNotFoundError, match='no image found; wanted'):
        restore(tmp_path / source, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def link_to_folder(photos, out):
    out.symlink_to(photos, target_is_directory=True)


def link_to_file(photos, out):
    out.mkdir()
    (out / 'a.png').symlink_to(photos / 'a.png')


def hard_link(photos, out):
    out.mkdir()
    os.link(photos / 'a.png', out / 'a.png')


@pytest.mark.parametrize('link', [link_to_folder, link_to_file, hard_link])
@pytest.mark.parametrize('overwrite', [False, True])
def test_an_input_is_never_overwritten_not_even_through_links(
    photos, tmp_path, monkeypatch, link, overwrite
):
    monkeypatch.setattr(files, 'load', refuse_to_load)
    link(photos, tmp_path / 'out')
    before = contents(photos)
    with pytest.raises(ValueError, match=r'a\.png.* is an input'):
        restore(photos, tmp_path / 'out', overwrite=overwrite)
    assert contents(photos) == before


@pytest.mark.parametrize('output', ['.', 'a.png', 'deep/../a.png'])
def test_an_input_is_never_overwritten_under_another_spelling(photos, output, monkeypatch):
    monkeypatch.setattr(files, 'load', refuse_to_load)
    before = contents(photos)
    with pytest.raises(ValueError, match='an input is never overwritten'):
        restore(photos / 'a.png', photos / output, overwrite=True)
    assert contents(photos) == before


def test_an_input_is_not_overwritten_by_a_panel_either(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(files, 'load', refuse_to_load)
    (photos / 'a.png').rename(photos / 'b_panel.png')
    before = contents(photos)
    with pytest.raises(ValueError, match='b_panel'):
        restore(photos / 'b_panel.png', photos / 'b.png', panel=True, overwrite=True)
    assert contents(photos) == before


def test_an_earlier_result_is_kept_unless_overwriting_is_asked_for(photos, tmp_path, monkeypatch):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/a.png').write_text('earlier')
    with monkeypatch.context() as patch:
        patch.setattr(files, 'load', refuse_to_load)
        with pytest.raises(FileExistsError, match=r'a\.png: exists already.*--overwrite'):
            restore(photos, tmp_path / 'out')
    assert contents(tmp_path / 'out') == {tmp_path / 'out/a.png': b'earlier'}
    assert restore(photos, tmp_path / 'out', overwrite=True) == 0
    assert read_image(tmp_path / 'out/a.png').shape == (14, 18, 3)


def test_two_inputs_of_one_result_are_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(files, 'load', refuse_to_load)
    (tmp_path / 'in').mkdir()
    write_image(tmp_path / 'in/a.png', np.zeros((2, 2, 3), np.uint8))
    (tmp_path / 'in/a.ppm').write_bytes(b'P6 2 1 255\n' + bytes(6))
    with pytest.raises(ValueError, match=r'several inputs would be written to .*a\.png'):
        restore(tmp_path / 'in', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_a_result_and_a_panel_of_one_name_are_refused(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(files, 'load', refuse_to_load)
    write_image(photos / 'a_panel.png', np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(ValueError, match=r'several inputs would be written to .*a_panel\.png'):
        restore(photos, tmp_path / 'out', panel=True)


def test_an_output_that_cannot_be_written_is_named_before_any_work(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(files, 'load', refuse_to_load)
    (tmp_path / 'file').touch()
    with pytest.raises(OSError, match='file: cannot write there'):
        restore(photos, tmp_path / 'file')


def test_an_unknown_output_format_is_refused_before_any_work(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(files, 'load', refuse_to_load)
    with pytest.raises(ValueError, match=r"'\.xyz'; choose one of"):
        restore(photos / 'a.png', tmp_path / 'a.xyz')


def test_an_unknown_model_is_named_and_no_result_is_written(photos, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'tyni.*restorelab:tiny'):
        restore_files(str(photos), str(tmp_path / 'out'), model='tyni')
    assert not names(tmp_path / 'out')


def failing_at(name, error):
    """``write_image`` that fails for one name."""

    def write(path, image):
        if path.name == name:
            raise error
        write_image(path, image)

    return write


def disk_error(number, text):
    error = OSError(f'deep/b.jpg: could not be written ({text})')
    error.errno = number
    return error


def test_a_full_disk_stops_and_says_how_to_go_on(photos, tmp_path, monkeypatch):
    full = disk_error(errno.ENOSPC, 'No space left on device')
    with monkeypatch.context() as patch:
        patch.setattr(files, 'write_image', failing_at('b.jpg', full))
        message = r'b\.jpg: could not .*Stopped after 1 of 3 images.*--resume'
        with pytest.raises(OSError, match=message):
            restore(photos, tmp_path / 'out')
    assert names(tmp_path / 'out') == ['a.png']
    first = contents(tmp_path / 'out')
    assert restore(photos, tmp_path / 'out', resume=True) == 0
    assert names(tmp_path / 'out') == ['a.png', 'deep/b.jpg', 'deep/c.tif']
    assert contents(tmp_path / 'out').items() >= first.items()


def test_one_result_that_cannot_be_written_is_named_and_the_others_are_made(
    photos, tmp_path, monkeypatch, capsys
):
    denied = disk_error(errno.EACCES, 'Permission denied')
    monkeypatch.setattr(files, 'write_image', failing_at('b.jpg', denied))
    assert restore(photos, tmp_path / 'out') == 1
    assert names(tmp_path / 'out') == ['a.png', 'deep/c.tif']
    assert 'b.jpg: could not be written (Permission denied)' in capsys.readouterr().out


@pytest.mark.parametrize(
    'error',
    [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to")],
)
def test_a_picture_too_large_for_the_memory_is_named_and_the_others_are_made(
    photos, tmp_path, monkeypatch, capsys, error
):
    def read(path):
        if path.name == 'b.jpg':
            raise error
        return read_image(path)

    monkeypatch.setattr(files, 'read_image', read)
    assert restore(photos, tmp_path / 'out') == 1
    assert names(tmp_path / 'out') == ['a.png', 'deep/c.tif']
    assert 'b.jpg: not enough memory; a smaller tile' in capsys.readouterr().out


def test_another_error_of_the_model_is_not_hidden(photos, tmp_path, monkeypatch):
    def fail(path):
        raise RuntimeError('mat1 and mat2 shapes cannot be multiplied')

    monkeypatch.setattr(files, 'read_image', fail)
    with pytest.raises(RuntimeError, match='mat1'):
        restore(photos, tmp_path / 'out')


def test_resume_restores_what_is_missing_and_changes_nothing_else(photos, tmp_path, capsys):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/a.png').write_text('earlier')
    assert restore(photos, tmp_path / 'out', resume=True) == 0
    assert '2 of 3 images restored' in capsys.readouterr().out
    assert (tmp_path / 'out/a.png').read_text() == 'earlier'
    assert restore(photos, tmp_path / 'out', resume=True, panel=True) == 0
    assert (tmp_path / 'out/a.png').read_text() == 'earlier'
    assert 'a_panel.png' in names(tmp_path / 'out')


def test_resume_with_nothing_left_loads_no_model(photos, tmp_path, monkeypatch, capsys):
    restore(photos, tmp_path / 'out')
    monkeypatch.setattr(files, 'load', refuse_to_load)
    assert restore(photos, tmp_path / 'out', resume=True) == 0
    assert '0 of 3 images restored' in capsys.readouterr().out


def test_resume_and_overwrite_exclude_each_other(photos, tmp_path):
    with pytest.raises(ValueError, match='choose one'):
        restore(photos, tmp_path / 'out', resume=True, overwrite=True)


@pytest.mark.parametrize('case', PLACES[:6], ids=lambda case: case.name)
def test_what_is_no_file_is_one_named_skipped_entry(photos, tmp_path, case, capsys):
    (photos / 'deep/odd').mkdir()
    case.make(photos / 'deep/odd')
    for source in (photos, photos / '**/*'):
        assert restore(source, tmp_path / f'out{source.name[:1]}') == 1
        said = capsys.readouterr().out
        assert '3 of' in said
        assert re.search(case.words, said)


@pytest.mark.parametrize('case', PLACES[:6], ids=lambda case: case.name)
def test_what_is_no_file_is_refused_alone(tmp_path, case, monkeypatch):
    monkeypatch.setattr(files, 'load', refuse_to_load)
    with pytest.raises((ImageReadError, FileNotFoundError), match=f'{case.words}|no image found'):
        restore(case.make(tmp_path), tmp_path / 'out')


def test_a_result_that_is_not_finite_is_no_file_and_the_next_picture_follows(
    photos, tmp_path, monkeypatch, capsys
):
    calls = []

    def gives_nan_once(self, lq, *_arguments):
        calls.append(len(calls))
        return lq * (torch.nan if len(calls) == 1 else 1)

    monkeypatch.setattr('tests.apis.tiny.TinyRestorer.restore_region', gives_nan_once)
    assert restore(photos, tmp_path / 'out') == 1
    left = [path.name for path in sorted((tmp_path / 'out').rglob('*.*'))]
    assert left == ['b.jpg', 'c.tif']
    message = capsys.readouterr()
    assert 'a.png: the model' in message.out + message.err
