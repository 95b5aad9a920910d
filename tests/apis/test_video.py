"""A restored video keeps what its source has beside the pixels. A stopped run goes on."""

import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from restorelab.apis import RestoreModel, video
from restorelab.apis.video import VIDEO_EXTENSIONS, Plan, check_video, restore_video
from restorelab.evaluation.flicker import flicker
from restorelab.io.video import VideoReadError
from restorelab.utils.results import ResultError
from tests.apis.tiny import tiny_restorer
from tests.io.video_cases import RATE, content_of, make_video, scene

ROOT = Path(__file__).parents[2]
OPTIONS = dict(seed=3)


def tiny(**options):
    return RestoreModel(tiny_restorer(**options))


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """Two shots of 75 and 20 frames, with sound."""
    images = scene(0, 75, noise=4) + scene(1, 20, noise=4)
    return make_video(tmp_path_factory.mktemp('source') / 'source.mp4', images)


@pytest.fixture(scope='module')
def restored(source):
    """The source restored without an interruption."""
    output = source.with_name('restored.mp4')
    report = restore_video(tiny(), source, output, OPTIONS)
    return output, report


class Stopping:
    """A restorer that is stopped when it is called for the n-th time, and notes what it saw."""

    def __init__(self, model, at=None):
        self.model, self.at, self.calls, self.seen = model, at, 0, []
        self._call = model.model.restore_region
        model.model.restore_region = self

    def __call__(self, lq, cond, *others):
        self.calls += 1
        if self.calls == self.at:
            raise KeyboardInterrupt
        self.seen.append(float(cond.vector('color')[0, 0]))
        return self._call(lq, cond, *others)


def test_the_sound_stays_as_it_is_and_in_step(source, restored):
    before, after = content_of(source), content_of(restored[0])
    assert len(before.sound) > 100
    assert after.sound == before.sound


def test_each_frame_keeps_its_time(source, restored):
    before, after = content_of(source), content_of(restored[0])
    assert len(after.times) == 95
    assert after.times == before.times
    assert (after.rate, after.title) == (RATE, 'a made video')
    with av.open(str(source)) as one, av.open(str(restored[0])) as other:
        lengths = [
            float(file.streams.video[0].duration * Fraction(1, 90000)) for file in (one, other)
        ]
    assert abs(lengths[0] - lengths[1]) <= 1 / 29


def test_the_report_counts(restored):
    report = restored[1]
    assert (report.frames, report.shots, report.lost) == (95, 2, ())
    assert report.seconds > 0


def test_nothing_but_the_output_stays(source, restored):
    names = sorted(path.name for path in source.parent.iterdir())
    assert names == ['restored.mp4', 'source.mp4']


def test_the_frames_are_those_of_the_restorer(tmp_path):
    """Up to what the encoder changes."""
    source = make_video(tmp_path / 'source.mp4', scene(0, 12, noise=4))
    model = tiny(noise_level=0.0)
    restore_video(model, source, tmp_path / 'out.mp4', OPTIONS)
    before, after = content_of(source), content_of(tmp_path / 'out.mp4')
    seen = model.look(before.images[6])
    for index in (0, 5, 11):
        image = before.images[index]
        seen.maps = model.look(image).maps
        expected = model(image, seen=seen, **OPTIONS).astype(float)
        assert np.abs(expected - after.images[index]).mean() < 3
        assert np.abs(expected - image).mean() > 4


def test_variable_times_are_kept(tmp_path):
    times = [0, 3000, 6100, 20000, 20750, 30001]
    source = make_video(tmp_path / 'source.mp4', scene(0, 6), times)
    restore_video(tiny(), source, tmp_path / 'out.mp4', {})
    expected = [Fraction(time, 90000) for time in times]
    assert content_of(source).times == expected
    assert content_of(tmp_path / 'out.mp4').times == expected


@pytest.mark.parametrize('extension', ['.mp4', '.mov', '.m4v', '.mkv'])
def test_rotation_shape_and_colors_are_kept(tmp_path, extension):
    tags = dict(color_range=2, color_primaries=5, color_trc=6, colorspace=5)
    options = dict(tags=tags, rotation=90, pixel_shape=Fraction(4, 3))
    source = make_video(tmp_path / 'source.mp4', scene(0, 4), **options)
    output = tmp_path / f'out{extension}'
    assert restore_video(tiny(), source, output, {}).lost == ()
    content = content_of(output)
    assert content.rotations == {90}
    assert content.pixel_shape == Fraction(4, 3)
    assert content.tags == (2, 5, 6, 5)
    assert content.codec == 'h264'


@pytest.mark.parametrize(
    ('pixel_format', 'tags'),
    [
        ('yuv420p', {}),
        ('yuv420p', dict(color_range=2, colorspace=5)),
        ('yuv422p', dict(color_range=1, colorspace=5)),
        ('yuv444p', dict(colorspace=6)),
    ],
)
def test_what_is_left_as_it_is_keeps_its_colors(tmp_path, pixel_format, tags):
    """With a strength of 0, and up to what the encoder changes.

    Without the flags in ``SCALING`` it would be 1.2 levels darker. In full range swscale rounds
    color down by half a level, which is about one level of blue.
    """
    options = dict(pixel_format=pixel_format, tags=tags)
    source = make_video(tmp_path / 'source.mp4', scene(0, 3), **options)
    restore_video(tiny(), source, tmp_path / 'out.mp4', dict(strength=0.0))
    before, after = content_of(source), content_of(tmp_path / 'out.mp4')
    assert after.pixel_format.replace('j', '') == before.pixel_format.replace('j', '')
    change = after.images[1].astype(float) - before.images[1]
    assert np.abs(change).mean() < 1.5
    assert np.abs(change.mean(axis=(0, 1))).max() < (1.5 if tags.get('color_range') == 2 else 0.7)
    assert np.abs(change.mean()) < 0.5


def test_a_webm_becomes_a_webm(tmp_path):
    options = dict(codec='libvpx-vp9', options={'crf': '10', 'b': '0'}, sound='libopus')
    source = make_video(tmp_path / 'source.webm', scene(0, 8), **options)
    restore_video(tiny(), source, tmp_path / 'out.webm', {})
    before, after = content_of(source), content_of(tmp_path / 'out.webm')
    assert after.codec in ('vp9', 'libvpx-vp9')
    assert after.sound == before.sound
    assert after.times == before.times


def test_a_video_without_sound_is_restored(tmp_path):
    source = make_video(tmp_path / 'source.mp4', scene(0, 3), sound=None)
    assert restore_video(tiny(), source, tmp_path / 'out.mp4', {}).frames == 3


def test_frames_are_restored_upright(tmp_path):
    """What the restorer sees is what a player shows."""
    bright_top = np.zeros((48, 64, 3), np.uint8)
    bright_top[:24] = 200
    stored = np.rot90(bright_top, 1)  # a player turns it back, clockwise
    source = make_video(tmp_path / 'source.mp4', [stored.copy()] * 2, rotation=-90)
    model, shapes = tiny(), []
    inner = model.model.restore_region

    def note(lq, *others):
        shapes.append((tuple(lq.shape[-2:]), float(lq[..., :20, :].mean())))
        return inner(lq, *others)

    model.model.restore_region = note
    restore_video(model, source, tmp_path / 'out.mp4', {})
    size, top = shapes[0]
    assert size == (48, 64)
    assert top > 0.7
    assert content_of(tmp_path / 'out.mp4').images[0].shape == (64, 48, 3)


def test_a_shot_has_one_decision_and_another_shot_another(source, tmp_path):
    restorer = tiny()
    spy = Stopping(restorer)
    restore_video(restorer, source, tmp_path / 'out.mp4', OPTIONS)
    assert len(spy.seen) == 95
    assert len(set(spy.seen[:75])) == 1
    assert len(set(spy.seen[75:])) == 1
    assert spy.seen[0] != spy.seen[-1]


def test_the_noise_is_the_same_in_each_frame(tmp_path):
    """A still scene without noise stays still, though the sampler adds noise."""
    source = make_video(tmp_path / 'source.mp4', scene(0, 12))
    images = content_of(source).images
    model = tiny(noise_level=0.1)
    restore_video(model, source, tmp_path / 'out.mp4', {})
    once = [model(image, seed=seed) for seed, image in enumerate(images)]
    assert flicker(content_of(tmp_path / 'out.mp4').images) < 0.2 * flicker(once)


def test_a_still_scene_flickers_no_more_than_its_input(source, restored):
    before, after = content_of(source), content_of(restored[0])
    assert flicker(after.images[:75]) <= 1.05 * flicker(before.images[:75])


@pytest.mark.parametrize('at', [1, 50, 95])
def test_a_stopped_run_goes_on_and_gives_the_same_file(source, restored, tmp_path, at):
    output = tmp_path / 'out.mp4'
    restorer = tiny()
    Stopping(restorer, at)
    with pytest.raises(KeyboardInterrupt):
        restore_video(restorer, source, output, OPTIONS)
    assert not output.exists()
    restorer = tiny()
    spy = Stopping(restorer)
    restore_video(restorer, source, output, OPTIONS)
    done = {1: 0, 50: 38, 95: 75}[at]  # the first shot has two parts, of 37 and 38 frames
    assert spy.calls in (95 - done, 95 - done + 1)
    assert output.read_bytes() == restored[0].read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ['out.mp4']


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.apis.test_video import OPTIONS, tiny
from restorelab.apis.video import restore_video

restorer, calls = tiny(), 0
inner = restorer.model.restore_region

def kill_at_60(*args):
    global calls
    calls += 1
    if calls == 60:
        os.kill(os.getpid(), signal.SIGKILL)
    return inner(*args)

restorer.model.restore_region = kill_at_60
restore_video(restorer, Path(sys.argv[1]), Path(sys.argv[2]), OPTIONS)
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_and_gives_the_same_file(source, restored, tmp_path):
    output = tmp_path / 'out.mp4'
    command = [sys.executable, '-c', KILLED, source, output]
    killed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    folder = tmp_path / '.out.mp4.parts'
    assert [path.name for path in folder.glob('part*')] == ['part-000000.nut']
    (folder / '.0123456789ab.tmp.nut').write_bytes(b'the half of a part')
    restorer = tiny()
    spy = Stopping(restorer)
    restore_video(restorer, source, output, OPTIONS)
    assert spy.calls < 60
    assert output.read_bytes() == restored[0].read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ['out.mp4']


def stop(source, output, options):
    restorer = tiny()
    Stopping(restorer, 90)
    with pytest.raises(KeyboardInterrupt):
        restore_video(restorer, source, output, options)


def test_other_options_start_anew_and_say_so(source, tmp_path, capsys):
    output = tmp_path / 'out.mp4'
    stop(source, output, dict(seed=1, steps=2))
    capsys.readouterr()
    restorer = tiny()
    spy = Stopping(restorer)
    restore_video(restorer, source, output, dict(seed=2, steps=2))
    assert spy.calls == 95
    assert 'was made with another seed; starting anew' in capsys.readouterr().out


def test_other_weights_start_anew_and_say_so(source, tmp_path, capsys):
    output = tmp_path / 'out.mp4'
    stop(source, output, OPTIONS)
    restorer = tiny()
    with torch.no_grad():
        restorer.model.backbone.out.bias += 0.1
    spy = Stopping(restorer)
    restore_video(restorer, source, output, OPTIONS)
    assert spy.calls == 95
    assert 'another model; starting anew' in capsys.readouterr().out


def test_a_changed_source_starts_anew_and_says_so(tmp_path, capsys):
    source, output = tmp_path / 'source.mp4', tmp_path / 'out.mp4'
    make_video(source, scene(0, 95))
    stop(source, output, OPTIONS)
    make_video(source, scene(1, 90))
    assert restore_video(tiny(), source, output, OPTIONS).frames == 90
    assert 'another source; starting anew' in capsys.readouterr().out
    assert len(content_of(output).images) == 90


def test_going_on_says_so(source, tmp_path, capsys):
    output = tmp_path / 'out.mp4'
    stop(source, output, OPTIONS)
    restore_video(tiny(), source, output, OPTIONS)
    assert 'going on' in capsys.readouterr().out


def test_two_runs_do_not_write_the_same_output(source, tmp_path):
    output = tmp_path / 'out.mp4'
    with (
        video.work_dir_lock(tmp_path / '.out.mp4.parts'),
        pytest.raises(OSError, match='another process'),
    ):
        restore_video(tiny(), source, output, OPTIONS)


def test_parts_follow_shots_and_are_of_nearly_equal_length():
    plan = Plan({}, [1, 121, 60], 60, 1, [])
    assert [tuple(part) for part in plan.parts] == [(0, 1), (1, 40), (1, 40), (1, 41), (2, 60)]


def test_values_that_are_not_finite_name_the_frame(source, tmp_path):
    restorer = tiny()
    with torch.no_grad():
        restorer.model.backbone.out.bias += float('nan')
    with pytest.raises(ResultError, match=r'the frame at 0 of .*source\.mp4'):
        restore_video(restorer, source, tmp_path / 'out.mp4', {})


class TestErrors:
    """They come before anything is restored."""

    def test_an_output_that_is_there(self, source, tmp_path):
        output = tmp_path / 'out.mp4'
        output.write_bytes(b'mine')
        with pytest.raises(FileExistsError, match='--overwrite'):
            check_video(source, output)
        check_video(source, output, overwrite=True)
        assert output.read_bytes() == b'mine'

    def test_an_output_that_is_the_input(self, source):
        with pytest.raises(ValueError, match='never overwritten'):
            check_video(source, source, overwrite=True)

    def test_an_output_that_is_a_folder(self, source, tmp_path):
        (tmp_path / 'out.mp4').mkdir()
        with pytest.raises(FileExistsError, match='is no file'):
            check_video(source, tmp_path / 'out.mp4', overwrite=True)

    @pytest.mark.parametrize('name', ['out.avi', 'out.gif', 'out'])
    def test_an_extension_that_is_not_written(self, source, tmp_path, name):
        with pytest.raises(ValueError, match=r'choose one of \.mp4'):
            check_video(source, tmp_path / name)

    def test_a_file_that_is_no_video(self, tmp_path):
        (tmp_path / 'a.mp4').write_bytes(b'no video at all')
        with pytest.raises(VideoReadError, match=r'a\.mp4: cannot be read as a video'):
            check_video(tmp_path / 'a.mp4', tmp_path / 'out.mp4')

    def test_a_missing_file(self, tmp_path):
        with pytest.raises(VideoReadError, match=r'a\.mp4: no such file'):
            check_video(tmp_path / 'a.mp4', tmp_path / 'out.mp4')

    def test_only_sound(self, source, tmp_path):
        with av.open(str(source)) as whole, av.open(str(tmp_path / 'a.mp4'), 'w') as container:
            copy = container.add_stream_from_template(whole.streams.audio[0])
            for packet in whole.demux(audio=0):
                if packet.size:
                    packet.stream = copy
                    container.mux(packet)
        with pytest.raises(VideoReadError, match='has no video stream'):
            check_video(tmp_path / 'a.mp4', tmp_path / 'out.mp4')

    def test_sound_that_the_output_cannot_hold(self, source, tmp_path):
        with pytest.raises(ValueError, match=r'cannot hold the sound .*aac.*choose \.mkv'):
            check_video(source, tmp_path / 'out.webm')

    def test_an_interlaced_video(self, tmp_path):
        options = {'crf': '12', 'x264-params': 'tff=1'}
        source = make_video(tmp_path / 'a.mp4', scene(0, 4), options=options)
        with pytest.raises(VideoReadError, match=r'is interlaced.*ffmpeg'):
            check_video(source, tmp_path / 'out.mp4')

    @pytest.mark.parametrize(
        'options',
        [dict(seed=-1), dict(strength=2.0), dict(task='det'), dict(tile=-1), dict(only=['x'])],
    )
    def test_an_option_that_the_restorer_refuses(self, source, tmp_path, options):
        restorer = tiny()
        spy = Stopping(restorer)
        with pytest.raises((ValueError, KeyError)):
            restore_video(restorer, source, tmp_path / 'out.mp4', options)
        assert spy.calls == 0
        assert list(tmp_path.iterdir()) == []

    def test_a_missing_pyav(self, source, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, 'av', None)
        with pytest.raises(ImportError, match=r'pip install restorelab\[video\]'):
            check_video(source, tmp_path / 'out.mp4')


def test_pyav_is_imported_with_the_first_video():
    code = 'import sys, restorelab.apis.video; sys.exit("av" in sys.modules)'
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    assert (
        subprocess.run([sys.executable, '-c', code], env=environment, check=False).returncode == 0
    )


def test_the_extensions_that_can_be_written_can_be_read():
    from restorelab.io.video_writing import FORMATS

    assert set(FORMATS) < set(VIDEO_EXTENSIONS)
