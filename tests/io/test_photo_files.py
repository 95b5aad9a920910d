"""Photographs come back with all that their files hold, or it is named what they lost."""

from dataclasses import replace

import numpy as np
import pytest

from restorelab.io.photo_files import read_frames, result_extension, write_frames
from tests.io.photo_cases import CASES
from tests.io.photo_facts import LOSSY, facts_of, pictures_of

# The fact of a file that is gone when reading or writing names this.
OF_LOSS = {
    'embedded preview': 'preview',
    'L*a*b* colors': 'profile',
    'damaged color profile': 'profile',
    'color profile of another space (GRAY)': 'profile',
}


def restored_unchanged(source, folder):
    """(result, what was lost) of a restorer that changes nothing."""
    frames = read_frames(source)
    lost = [name for photo in frames.photos for name in photo.lost]
    photos = [photo.with_srgb(photo.to_srgb()) for photo in frames.photos]
    result = folder / f'result{result_extension(source)}'
    lost += write_frames(result, replace(frames, photos=photos))
    return result, set(lost)


@pytest.mark.parametrize('case', CASES, ids=lambda case: case.name)
def test_a_file_keeps_all_or_its_loss_is_named(tmp_path, monkeypatch, case):
    for name, value in case.variables.items():
        monkeypatch.setenv(name, value)
    source = case.make(tmp_path)
    result, lost = restored_unchanged(source, tmp_path)
    assert lost == case.lost
    before, after = facts_of(source), facts_of(result)
    for name in lost:
        before.pop(OF_LOSS.get(name), None)
    if before.pop('orientation', 1) != 1:
        assert after.get('orientation', 1) == 1
    after.pop('orientation', None)
    assert before['pictures'] == case.frames
    for name, value in before.items():
        wanted = value.replace(b'Orientation="6"', b'Orientation="1"') if name == 'xmp' else value
        assert after.get(name) == wanted, name
    assert set(after) <= {*before, 'iptc', 'white'}


@pytest.mark.parametrize('case', CASES, ids=lambda case: case.name)
def test_an_unchanged_picture_comes_back(tmp_path, monkeypatch, case):
    for name, value in case.variables.items():
        monkeypatch.setenv(name, value)
    source = case.make(tmp_path)
    frames = read_frames(source)
    result, _ = restored_unchanged(source, tmp_path)
    pairs = list(zip(pictures_of(source), pictures_of(result), strict=True))
    assert len(pairs) == case.frames
    for before, after in pairs:
        assert (after.dtype, after.shape) == (before.dtype, before.shape)
        scale = after.max() / before.max()  # where 4095 became 65535
        difference = np.abs(after - before * scale).mean()
        is_lossy = frames.photos[0].format in LOSSY or not frames.photos[0].lossless
        assert difference <= (2 * float(after.max()) / 255 if is_lossy else 0.5 * (scale != 1))
