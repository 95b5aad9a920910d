"""Restoring files: names are kept, nothing is overwritten, unreadable files are reported."""

import errno
import json
import os
import re
from dataclasses import fields

import av
import numpy as np
import pytest
import torch
from PIL import Image

from restorelab.apis import RestoreModel, inference, pipeline, restore_files
from restorelab.apis.inference import Loading
from restorelab.apis.wishes import Wishes
from restorelab.io.images import ImageReadError, read_image, write_image
from restorelab.io.photo_files import read_frames, write_frames
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
    """``restore_files``; each option goes where it belongs."""
    options = dict(model='tiny', dtype='float32') | options
    parts = []
    for kind in (Loading, Wishes):
        names = [field.name for field in fields(kind) if field.name in options]
        parts.append(kind(**{name: options.pop(name) for name in names}))
    return restore_files(str(source), str(output), *parts, **options)


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
    assert '1 file: 1 restored; results in bfloat16 in' in capsys.readouterr().out


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
    assert restore(photos, photos / 'restored', existing='overwrite') == 0
    assert names(photos / 'restored') == ['a.png', 'deep/b.jpg', 'deep/c.tif']


def test_unreadable_files_are_skipped_named_at_the_end_and_give_exit_code_1(
    photos, tmp_path, capsys
):
    (photos / 'bad.png').write_bytes(b'words')
    (photos / 'deep/empty.jpg').touch()
    assert restore(photos, tmp_path / 'out') == 1
    said = capsys.readouterr().out
    assert '6 files: 3 restored, 1 no picture, 2 failed' in said
    assert 'bad.png: not a readable image' in said
    assert 'empty.jpg: the file is empty' in said
    assert names(tmp_path / 'out') == ['a.png', 'deep/b.jpg', 'deep/c.tif']


def test_a_glob_that_meets_other_files_reports_them(photos, tmp_path, capsys):
    assert restore(photos / '*.*', tmp_path / 'out') == 1
    assert 'notes.txt: not a readable image' in capsys.readouterr().out


@pytest.mark.parametrize('source', ['gone.png', 'gone', '*.gif', 'empty'])
def test_nothing_found_is_an_error_that_says_what_is_wanted(tmp_path, source, monkeypatch):
    monkeypatch.setattr(inference, 'load', refuse_to_load)
    (tmp_path / 'empty').mkdir()
    with pytest.raises(FileNotFoundError, match='no image found; wanted'):
        restore(tmp_path / source, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_a_name_that_is_not_there_is_told_from_a_folder_without_images(tmp_path):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(FileNotFoundError, match=r'gone\.png: .*No file or folder has this name$'):
        restore(tmp_path / 'gone.png', tmp_path / 'out')
    with pytest.raises(FileNotFoundError, match=r"photos/\*\*/\*\.jpg'$"):
        restore(tmp_path / 'empty', tmp_path / 'out')


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
    monkeypatch.setattr(inference, 'load', refuse_to_load)
    link(photos, tmp_path / 'out')
    before = contents(photos)
    with pytest.raises(ValueError, match=r'a\.png.* is an input'):
        restore(photos, tmp_path / 'out', existing='overwrite' if overwrite else 'refuse')
    assert contents(photos) == before


@pytest.mark.parametrize('output', ['.', 'a.png', 'deep/../a.png'])
def test_an_input_is_never_overwritten_under_another_spelling(photos, output, monkeypatch):
    monkeypatch.setattr(inference, 'load', refuse_to_load)
    before = contents(photos)
    with pytest.raises(ValueError, match='an input is never overwritten'):
        restore(photos / 'a.png', photos / output, existing='overwrite')
    assert contents(photos) == before


def test_an_input_is_not_overwritten_by_a_panel_either(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(inference, 'load', refuse_to_load)
    (photos / 'a.png').rename(photos / 'b_panel.png')
    before = contents(photos)
    with pytest.raises(ValueError, match='b_panel'):
        restore(photos / 'b_panel.png', photos / 'b.png', panel=True, existing='overwrite')
    assert contents(photos) == before


def test_an_earlier_result_is_kept_unless_overwriting_is_asked_for(photos, tmp_path, monkeypatch):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/a.png').write_text('earlier')
    with monkeypatch.context() as patch:
        patch.setattr(inference, 'load', refuse_to_load)
        with pytest.raises(FileExistsError, match=r'a\.png: exists already.*--overwrite'):
            restore(photos, tmp_path / 'out')
    assert contents(tmp_path / 'out') == {tmp_path / 'out/a.png': b'earlier'}
    assert restore(photos, tmp_path / 'out', existing='overwrite') == 0
    assert read_image(tmp_path / 'out/a.png').shape == (14, 18, 3)


def test_two_inputs_of_one_result_are_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(inference, 'load', refuse_to_load)
    (tmp_path / 'in').mkdir()
    write_image(tmp_path / 'in/a.png', np.zeros((2, 2, 3), np.uint8))
    (tmp_path / 'in/a.ppm').write_bytes(b'P6 2 1 255\n' + bytes(6))
    with pytest.raises(ValueError, match=r'several inputs would be written to .*a\.png'):
        restore(tmp_path / 'in', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_a_result_and_a_panel_of_one_name_are_refused(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(inference, 'load', refuse_to_load)
    write_image(photos / 'a_panel.png', np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(ValueError, match=r'several inputs would be written to .*a_panel\.png'):
        restore(photos, tmp_path / 'out', panel=True)


def test_an_output_that_cannot_be_written_is_named_before_any_work(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(inference, 'load', refuse_to_load)
    (tmp_path / 'file').touch()
    with pytest.raises(OSError, match='file: cannot write there'):
        restore(photos, tmp_path / 'file')


def test_an_unknown_output_format_is_refused_before_any_work(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(inference, 'load', refuse_to_load)
    with pytest.raises(ValueError, match=r"'\.xyz'; choose one of"):
        restore(photos / 'a.png', tmp_path / 'a.xyz')


def test_an_unknown_model_is_named_and_no_result_is_written(photos, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'tyni.*restorelab:tiny'):
        restore(photos, tmp_path / 'out', model='tyni')
    assert not names(tmp_path / 'out')


def failing_at(name, error):
    """``write_frames`` that fails for one name."""

    def write(path, frames):
        if path.name == name:
            raise error
        return write_frames(path, frames)

    return write


def disk_error(number, text):
    error = OSError(f'deep/b.jpg: could not be written ({text})')
    error.errno = number
    return error


def test_a_full_disk_stops_and_says_how_to_go_on(photos, tmp_path, monkeypatch):
    full = disk_error(errno.ENOSPC, 'No space left on device')
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, 'write_frames', failing_at('b.jpg', full))
        message = r'b\.jpg: could not .*Stopped; every result.*--skip-existing'
        with pytest.raises(OSError, match=message):
            restore(photos, tmp_path / 'out')
    assert 'deep/b.jpg' not in names(tmp_path / 'out')
    first = contents(tmp_path / 'out')
    assert first
    assert restore(photos, tmp_path / 'out', existing='skip') == 0
    assert names(tmp_path / 'out') == ['a.png', 'deep/b.jpg', 'deep/c.tif']
    assert contents(tmp_path / 'out').items() >= first.items()


def test_one_result_that_cannot_be_written_is_named_and_the_others_are_made(
    photos, tmp_path, monkeypatch, capsys
):
    denied = disk_error(errno.EACCES, 'Permission denied')
    monkeypatch.setattr(pipeline, 'write_frames', failing_at('b.jpg', denied))
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
        return read_frames(path)

    monkeypatch.setattr(pipeline, 'read_frames', read)
    assert restore(photos, tmp_path / 'out') == 1
    assert names(tmp_path / 'out') == ['a.png', 'deep/c.tif']
    assert re.search(r"b\.jpg: (out of|.*can't allocate) memory", capsys.readouterr().out)


def test_another_error_of_the_model_is_not_hidden(photos, tmp_path, monkeypatch):
    def fail(path):
        raise RuntimeError('mat1 and mat2 shapes cannot be multiplied')

    monkeypatch.setattr(pipeline, 'read_frames', fail)
    with pytest.raises(RuntimeError, match='mat1'):
        restore(photos, tmp_path / 'out')


def test_resume_restores_what_is_missing_and_changes_nothing_else(photos, tmp_path, capsys):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/a.png').write_text('earlier')
    assert restore(photos, tmp_path / 'out', existing='skip') == 0
    assert '4 files: 2 restored, 1 there already, 1 no picture' in capsys.readouterr().out
    assert (tmp_path / 'out/a.png').read_text() == 'earlier'
    assert restore(photos, tmp_path / 'out', existing='skip', panel=True) == 0
    assert (tmp_path / 'out/a.png').read_text() == 'earlier'
    assert 'a_panel.png' in names(tmp_path / 'out')


def test_resume_with_nothing_left_loads_no_model(photos, tmp_path, monkeypatch, capsys):
    restore(photos, tmp_path / 'out')
    monkeypatch.setattr(inference, 'load', refuse_to_load)
    assert restore(photos, tmp_path / 'out', existing='skip') == 0
    assert '4 files: 3 there already, 1 no picture' in capsys.readouterr().out


def test_another_wish_for_what_is_there_is_refused(photos, tmp_path):
    with pytest.raises(ValueError, match='choose one of'):
        restore(photos, tmp_path / 'out', existing='resume')


@pytest.mark.parametrize('case', PLACES[:6], ids=lambda case: case.name)
def test_what_is_no_file_is_one_named_skipped_entry(photos, tmp_path, case, capsys):
    (photos / 'deep/odd').mkdir()
    case.make(photos / 'deep/odd')
    for source in (photos, photos / '**/*'):
        assert restore(source, tmp_path / f'out{source.name[:1]}') == 1
        said = capsys.readouterr().out
        assert '3 restored' in said
        assert re.search(case.words, said)


@pytest.mark.parametrize('case', PLACES[:6], ids=lambda case: case.name)
def test_what_is_no_file_is_refused_alone(tmp_path, case, monkeypatch):
    monkeypatch.setattr(inference, 'load', refuse_to_load)
    with pytest.raises((ImageReadError, FileNotFoundError), match=f'{case.words}|no image found'):
        restore(case.make(tmp_path), tmp_path / 'out')


def test_a_result_that_is_not_finite_is_no_file_and_the_next_picture_follows(
    photos, tmp_path, monkeypatch, capsys
):
    corner = read_image(photos / 'a.png')[0, 0]

    def gives_nan_for_one(self, lq, *_arguments):
        is_it = ((lq[:, :, 0, 0] * 255).round() == torch.tensor(corner)).all(dim=1)
        return torch.where(is_it[:, None, None, None], torch.nan, lq)

    monkeypatch.setattr('tests.apis.tiny.TinyRestorer.restore_region', gives_nan_for_one)
    assert restore(photos, tmp_path / 'out') == 1
    left = [path.name for path in sorted((tmp_path / 'out').rglob('*.*'))]
    assert left == ['b.jpg', 'c.tif']
    message = capsys.readouterr()
    assert 'a.png: the model' in message.out + message.err


def odd_folder(tmp_path):
    """17 files: 6 pictures, 1 there already, 4 no pictures, 6 that fail."""
    folder, out = tmp_path / 'odd', tmp_path / 'out'
    (folder / 'größe/子').mkdir(parents=True)
    out.mkdir()
    image = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    for name in ('a.png', 'b.JPG', 'größe/子/c.tif', 'größe/d e.webp', 'there.png'):
        write_image(folder / name, image)
    Image.fromarray(image[..., 0]).save(folder / 'gray.bmp')
    (folder / 'link.png').symlink_to(folder / 'a.png')
    write_image(out / 'there.png', image)
    for name in ('notes.txt', '.DS_Store', 'größe/film.xyz', 'noextension'):
        (folder / name).write_text('no picture')
    (folder / 'empty.jpg').touch()
    (folder / 'words.png').write_text('words')
    (folder / 'half.png').write_bytes((folder / 'a.png').read_bytes()[:200])
    (folder / 'broken.png').symlink_to(folder / 'gone.png')
    os.mkfifo(folder / 'pipe.jpg')
    (folder / 'bomb.ppm').write_bytes(b'P6 60000 60000 255\n')
    return folder, out


def test_a_folder_of_17_odd_files_is_counted_to_the_last(tmp_path, capsys):
    folder, out = odd_folder(tmp_path)
    assert sum(len(files) for _, _, files in os.walk(folder)) == 17
    assert restore(folder, out, existing='skip', report=tmp_path / 'report.json') == 1
    said = capsys.readouterr().out
    assert '17 files: 6 restored, 1 there already, 4 no picture, 6 failed' in said
    failed = said.split('failed:\n')[1].splitlines()
    assert len([line for line in failed if line.startswith('  ')]) == 6
    report = json.loads((tmp_path / 'report.json').read_text())
    assert sum(report['counts'].values()) == len(report['files']) == 17
    results = ['a.png', 'b.JPG', 'gray.bmp', 'größe/d e.webp', 'größe/子/c.tif']
    assert names(out) == sorted([*results, 'link.png', 'there.png'])


def test_a_report_says_what_was_found_and_the_scores(photos, tmp_path):
    model = house(noise=1.0)
    save_published(tmp_path / 'house.safetensors', model.state_dict(), HOUSE, {})
    clean = tmp_path / 'clean/deep'
    clean.mkdir(parents=True)
    before = read_image(photos / 'deep/b.jpg')
    write_image(clean / 'b.png', before)
    write_image(tmp_path / 'clean/a.png', np.zeros((3, 3, 3), np.uint8))
    options = dict(model=str(tmp_path / 'house.safetensors'), report=tmp_path / 'r.json')
    assert restore(photos, tmp_path / 'out', reference=tmp_path / 'clean', **options) == 0
    report = json.loads((tmp_path / 'r.json').read_text())
    files = {os.path.basename(entry['path']): entry for entry in report['files']}
    assert files['b.jpg']['found']['noise'] == 1.0
    assert files['b.jpg']['scores']['psnr_input'] == 100
    assert files['b.jpg']['scores']['psnr'] < 100
    assert (files['b.jpg']['width'], files['b.jpg']['height']) == (18, 14)
    assert files['b.jpg']['seconds'] > 0
    assert 'the clean picture has 3x3 pixels' in files['a.png']['reason']
    assert files['c.tif']['scores'] == {}


def test_a_report_of_an_interrupted_run_keeps_what_was_known(photos, tmp_path, monkeypatch):
    full = disk_error(errno.ENOSPC, 'No space left on device')
    report = tmp_path / 'r.json'
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, 'write_frames', failing_at('c.tif', full))
        with pytest.raises(OSError, match='No space left'):
            restore(photos, tmp_path / 'out', report=report)
    assert not report.exists()
    restore(photos, tmp_path / 'out', existing='skip', report=report)
    files = json.loads(report.read_text())['files']
    assert [entry['status'] for entry in files] == [
        'there already',
        'there already',
        'restored',
        'no picture',
    ]
    assert all(entry['width'] == 18 for entry in files[:3])
    assert not list(tmp_path.glob('.*journal'))


@pytest.mark.parametrize('options', [dict(report='r.txt'), dict(reference='gone')])
def test_a_wrong_report_or_reference_is_found_before_any_work(photos, tmp_path, options):
    with pytest.raises((ValueError, FileNotFoundError), match=r'r\.txt|gone'):
        restore(photos, tmp_path / 'out', **options)
    assert not (tmp_path / 'out').exists()


def test_small_pictures_of_one_size_go_together_and_give_the_same(tmp_path, monkeypatch):
    (tmp_path / 'in').mkdir()
    for number in range(12):
        side = 14 if number == 9 else 18
        image = np.random.default_rng(number).integers(0, 256, (side, 18, 3), dtype=np.uint8)
        write_image(tmp_path / f'in/{number:02}.png', image)
    batches = []
    whole = RestoreModel.restore_batch

    def counted(self, batch, *arguments):
        batches.append(len(batch))
        return whole(self, batch, *arguments)

    monkeypatch.setattr(RestoreModel, 'restore_batch', counted)
    restore(tmp_path / 'in', tmp_path / 'out')
    assert batches == [8, 1, 1, 2]
    model = RestoreModel(tiny_restorer())
    for path in sorted((tmp_path / 'in').iterdir()):
        np.testing.assert_array_equal(
            read_image(tmp_path / 'out' / path.name), model(read_image(path))
        )


def test_a_picture_too_large_for_the_memory_is_tried_in_smaller_tiles(tmp_path, monkeypatch):
    image = np.random.default_rng(0).integers(0, 256, (450, 450, 3), dtype=np.uint8)
    write_image(tmp_path / 'a.png', image)
    tried = []

    def small_memory(self, batch, wishes, *arguments):
        tried.append(wishes.tile)
        if wishes.tile is None or wishes.tile > 120:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to")
        return batch

    monkeypatch.setattr(RestoreModel, 'restore_batch', small_memory)
    assert restore(tmp_path / 'a.png', tmp_path / 'b.png') == 0
    assert tried == [None, 225, 112]
    np.testing.assert_array_equal(read_image(tmp_path / 'b.png'), image)


def test_metadata_survives_the_command(tmp_path):
    image = Image.fromarray(np.full((12, 16), 99, np.uint8))
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = 'Maker', 6
    image.save(tmp_path / 'a.jpg', exif=exif, dpi=(300, 300))
    assert restore(tmp_path / 'a.jpg', tmp_path / 'b.jpg') == 0
    with Image.open(tmp_path / 'b.jpg') as result:
        assert (result.mode, result.size) == ('L', (12, 16))
        assert result.info['dpi'] == (300, 300)
        assert result.getexif()[0x010F] == 'Maker'
        assert result.getexif().get(0x0112, 1) == 1


def test_what_could_not_be_kept_is_named_once(tmp_path, capsys):
    (tmp_path / 'in').mkdir()
    for name in ('a.png', 'b.png'):
        Image.fromarray(np.full((12, 16, 4), 99, np.uint8)).save(tmp_path / 'in' / name)
    restore(tmp_path / 'in/a.png', tmp_path / 'a.jpg')
    assert re.search(r'not kept:\n  transparency: \S+a\.png', capsys.readouterr().out)


def make_video(path):
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('libx264', rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 24, 'yuv420p'
        for number in range(5):
            picture = np.random.default_rng(number).integers(0, 256, (24, 32, 3), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format='rgb24')))
        container.mux(stream.encode(None))


def test_a_folder_may_hold_videos(photos, tmp_path, capsys):
    make_video(photos / 'deep/film.mp4')
    make_video(photos / 'old.avi')
    (photos / 'bad.mp4').write_text('words')
    assert restore(photos, tmp_path / 'out', report=tmp_path / 'r.json') == 1
    said = capsys.readouterr().out
    assert '7 files: 5 restored, 1 no picture, 1 failed' in said
    assert re.search(r'failed:\n  \S+bad\.mp4: ', said)
    files = {
        os.path.basename(entry['path']): entry
        for entry in json.loads((tmp_path / 'r.json').read_text())['files']
    }
    assert files['film.mp4']['frames'] == 5
    results = ['a.png', 'deep/b.jpg', 'deep/c.tif', 'deep/film.mp4', 'old.mkv']
    assert names(tmp_path / 'out') == results


def test_a_video_alone_is_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(inference, 'load', refuse_to_load)
    (tmp_path / 'bad.mp4').write_text('words')
    with pytest.raises(ValueError, match=r'bad\.mp4'):
        restore(tmp_path / 'bad.mp4', tmp_path / 'out.mp4')
    make_video(tmp_path / 'good.mp4')
    with pytest.raises(ValueError, match=r'out\.png'):
        restore(tmp_path / 'good.mp4', tmp_path / 'out.png')
