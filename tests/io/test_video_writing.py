"""Encoded parts become one file, with the other streams of the source."""

import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from restorelab.io.video import VideoReader
from restorelab.io.video_writing import (
    join_parts,
    lost_facts,
    lost_streams,
    writing_part,
    written_format,
)
from tests.io.video_cases import content_of, make_video, scene

ROOT = Path(__file__).parents[2]


def facts_of(path):
    with VideoReader(path) as reader:
        return reader.facts


@pytest.fixture
def source(tmp_path):
    return make_video(tmp_path / 'source.mp4', scene(0, 6))


def write_parts(source, output, parts=((0, 3), (3, 6))):
    facts, paths = facts_of(source), []
    for number, (first, last) in enumerate(parts):
        paths.append(source.with_name(f'{number}.nut'))
        with writing_part(paths[-1], facts, output) as writer:
            for index in range(first, last):
                writer.add(scene(0, 1)[0], 3003 * index)
    join_parts(paths, source, output, facts, 3003)
    return output


def test_parts_are_joined_without_a_gap(source, tmp_path):
    content = content_of(write_parts(source, tmp_path / 'out.mp4'))
    assert content.times == [Fraction(3003 * index, 90000) for index in range(6)]
    assert content.sound == content_of(source).sound


@pytest.mark.parametrize('tick', [Fraction(1, 12800), Fraction(1, 30), Fraction(1, 1000000)])
def test_times_and_the_length_are_kept_in_any_time_base(tmp_path, tick):
    frame = round(Fraction(1, 30) / tick)
    times = [frame * index for index in range(6)]
    source = make_video(tmp_path / 'a.mp4', scene(0, 6), times, tick=tick, sound=None)
    facts = facts_of(source)
    with writing_part(tmp_path / '0.nut', facts, tmp_path / 'out.mp4') as writer:
        for time in times:
            writer.add(scene(0, 1)[0], round(time * tick / facts.time_base))
    last = round(frame * tick / facts.time_base)
    join_parts([tmp_path / '0.nut'], source, tmp_path / 'out.mp4', facts, last)
    assert content_of(tmp_path / 'out.mp4').times == [time * tick for time in times]
    with av.open(str(tmp_path / 'out.mp4')) as container:
        stream = container.streams.video[0]
        assert stream.time_base == facts.time_base
        assert stream.duration * stream.time_base == 6 * frame * tick


def test_each_part_begins_with_a_key_frame(source, tmp_path):
    write_parts(source, tmp_path / 'out.mp4')
    with av.open(str(tmp_path / 'out.mp4')) as container:
        keys = [packet.is_keyframe for packet in container.demux(video=0) if packet.size]
    assert keys == [True, False, False, True, False, False]


ENCODED_ALIKE = """
import hashlib, sys
from pathlib import Path
import numpy as np
from restorelab.io.video import VideoReader
from restorelab.io.video_writing import writing_part

source = Path(sys.argv[1])
with VideoReader(source) as reader:
    facts = reader.facts
rng = np.random.default_rng(0)
with writing_part(source.with_name('a.nut'), facts, Path('a.mp4')) as writer:
    for index in range(20):
        areas = rng.random((facts.height // 8, facts.width // 8, 3)).repeat(8, 0).repeat(8, 1)
        image = 60 + 130 * areas
        noise = 4 * rng.standard_normal((facts.height, facts.width, 3))
        writer.add((image + noise).astype(np.uint8), 3003 * index)
print(hashlib.sha256(source.with_name('a.nut').read_bytes()).hexdigest())
"""


@pytest.mark.slow
def test_the_same_frames_are_encoded_alike_whatever_was_in_the_memory(tmp_path):
    images = [np.full((176, 320, 3), 90, np.uint8)] * 2
    source = make_video(tmp_path / 'a.mp4', images, sound=None)
    found = set()
    for pattern in ('0', '1', '127', '200'):  # glibc fills new memory with it
        environment = dict(os.environ, MALLOC_PERTURB_=pattern, PYTHONPATH=str(ROOT))
        done = subprocess.run(
            [sys.executable, '-c', ENCODED_ALIKE, source],
            env=environment,
            capture_output=True,
            check=True,
        )
        found.add(done.stdout)
    assert len(found) == 1


def test_a_part_that_fails_is_not_there(source, tmp_path):
    path = tmp_path / 'part.nut'
    with (
        pytest.raises(TypeError),
        writing_part(path, facts_of(source), tmp_path / 'out.mp4') as writer,
    ):
        writer.add(scene(0, 1)[0], 'no time')
    assert [each.name for each in tmp_path.iterdir()] == ['source.mp4']


def add_streams(path, target, subtitles=None, attachment=None, cover=False, chapters=()):
    """A copy of the file with more streams."""
    with av.open(str(path)) as original, av.open(str(target), 'w') as container:
        copies = {}
        for stream in original.streams:
            copies[stream.index] = container.add_stream_from_template(stream, opaque=True)
        track = container.add_mux_stream(subtitles) if subtitles else None
        if attachment:
            container.add_attachment('a.ttf', 'font/ttf', attachment)
        picture = None
        if cover:
            picture = container.add_stream('png')
            picture.width, picture.height, picture.pix_fmt = 64, 48, 'rgb24'
            picture.disposition = av.stream.Disposition.attached_pic
        container.set_chapters(list(chapters))
        if track is not None:
            line = av.Packet(b'\x00\x05Hello' if subtitles == 'mov_text' else b'Hello')
            line.stream, line.pts, line.dts, line.duration = track, 0, 0, 100
            line.time_base = Fraction(1, 1000)
            container.mux(line)
        if picture is not None:
            frame = av.VideoFrame.from_ndarray(scene(5, 1)[0], format='rgb24')
            frame.pts = 0
            container.mux(picture.encode(frame))
            container.mux(picture.encode())
        for packet in original.demux():
            if packet.size:
                packet.stream = copies[packet.stream_index]
                container.mux(packet)
    return target


CHAPTERS = [
    dict(id=1, start=0, end=100, time_base=Fraction(1, 1000), metadata=dict(title='one')),
    dict(id=2, start=100, end=200, time_base=Fraction(1, 1000), metadata=dict(title='two')),
]


def test_subtitles_and_chapters_are_copied(source, tmp_path):
    rich = add_streams(source, tmp_path / 'rich.mp4', 'mov_text', chapters=CHAPTERS)
    write_parts(rich, tmp_path / 'out.mp4')
    with av.open(str(tmp_path / 'out.mp4')) as container:
        assert container.streams.subtitles[0].codec_context.name == 'mov_text'
        lines = [bytes(packet) for packet in container.demux(subtitles=0) if packet.size]
        titles = [chapter['metadata']['title'] for chapter in container.chapters()]
    assert lines[0] == b'\x00\x05Hello'
    assert titles == ['one', 'two']


def test_a_cover_is_copied_and_is_not_the_video(source, tmp_path):
    rich = add_streams(source, tmp_path / 'rich.mp4', cover=True)
    assert facts_of(rich).pixel_format == 'yuv420p'
    write_parts(rich, tmp_path / 'out.mp4')
    with av.open(str(tmp_path / 'out.mp4')) as container:
        cover = container.streams.video[1]
        assert cover.disposition & av.stream.Disposition.attached_pic
        image = next(container.decode(cover)).to_ndarray(format='rgb24')
    np.testing.assert_array_equal(image, scene(5, 1)[0])


def test_fonts_are_copied_into_mkv_and_named_for_mp4(source, tmp_path):
    rich = add_streams(source, tmp_path / 'rich.mkv', attachment=b'a font')
    assert lost_streams(rich, tmp_path / 'out.mkv') == []
    write_parts(rich, tmp_path / 'out.mkv')
    with av.open(str(tmp_path / 'out.mkv')) as container:
        assert container.streams.attachments[0].data == b'a font'
    assert lost_streams(rich, tmp_path / 'out.mp4') == ['attachment stream 2 (a.ttf)']


def test_subtitles_that_the_output_cannot_hold_are_named_and_left_out(source, tmp_path):
    rich = add_streams(source, tmp_path / 'rich.mp4', 'mov_text')
    assert lost_streams(rich, tmp_path / 'out.mkv') == ['subtitle stream 2 (mov_text)']
    write_parts(rich, tmp_path / 'out.mkv')
    with av.open(str(tmp_path / 'out.mkv')) as container:
        assert len(container.streams) == 2


@pytest.mark.parametrize(
    ('changes', 'expected'),
    [
        (dict(), 'yuv420p'),
        (dict(width=63), 'yuv444p'),
        (dict(height=47), 'yuv444p'),
        (dict(halved=(True, False), height=47), 'yuv422p'),
        (dict(halved=(False, False)), 'yuv444p'),
        (dict(halved=(False, False), is_gray=True), 'yuv420p'),
    ],
)
def test_the_format_keeps_the_resolution_of_color(source, changes, expected):
    assert written_format(replace(facts_of(source), **changes)) == expected


def test_what_is_lost_is_named(source, tmp_path):
    facts = facts_of(source)
    assert lost_facts(facts, source) == []
    hdr = replace(facts, depth=10, transfer=16)
    assert [text.partition(':')[0] for text in lost_facts(hdr, source)] == [
        '10 bits of a sample',
        'HDR',
    ]
    rgb = replace(facts, is_rgb=True, has_alpha=True)
    assert [text.partition(':')[0] for text in lost_facts(rgb, source)] == ['transparency', 'RGB']
    wide = replace(facts, pixel_shape=Fraction(4, 3))
    assert lost_facts(wide, source) == []
    assert 'shape of pixels (4/3)' in lost_facts(wide, tmp_path / 'a.webm')[0]


def test_the_transparency_of_vp9_is_named_and_no_longer_promised(tmp_path):
    options = dict(codec='libvpx-vp9', options={'b': '0', 'crf': '20'}, sound='libopus')
    source = make_video(tmp_path / 'a.webm', scene(0, 6), pixel_format='yuva420p', **options)
    assert lost_facts(facts_of(source), tmp_path / 'out.webm') == ['transparency']
    write_parts(source, tmp_path / 'out.webm')
    with av.open(str(tmp_path / 'out.webm')) as container:
        assert 'alpha_mode' not in container.streams.video[0].metadata
