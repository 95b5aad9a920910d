"""Videos are read frame by frame, with what a player must know."""

from fractions import Fraction

import av
import numpy as np
import pytest

from restorelab.io import video
from restorelab.io.video import VideoReader, VideoReadError, from_rgb, thumbnail, to_rgb
from tests.io.video_cases import make_video, scene


def read(path):
    with VideoReader(path) as reader:
        return reader.facts, [(frame.pts, to_rgb(frame, reader.facts)) for frame in reader.frames()]


def test_frames_come_in_the_order_of_their_times(tmp_path):
    images = scene(0, 3) + scene(1, 3)
    facts, frames = read(make_video(tmp_path / 'a.mp4', images))
    assert [pts for pts, _ in frames] == [3003 * index for index in range(6)]
    assert facts.time_base == Fraction(1, 90000)
    assert facts.rate == Fraction(30000, 1001)
    for (_, image), expected in zip(frames, images, strict=True):
        assert np.abs(image.astype(float) - expected).mean() < 4


@pytest.mark.parametrize(
    ('pixel_format', 'depth', 'halved'),
    [
        ('yuv420p', 8, (True, True)),
        ('yuv422p', 8, (True, False)),
        ('yuv444p', 8, (False, False)),
        ('yuv420p10le', 10, (True, True)),
        ('gray', 8, (False, False)),
    ],
)
def test_facts_of_pixel_formats(tmp_path, pixel_format, depth, halved):
    options = dict(pixel_format=pixel_format, codec='ffv1', options={'level': '3'})
    facts, _ = read(make_video(tmp_path / 'a.mkv', scene(0, 2), **options))
    assert (facts.depth, facts.halved) == (depth, halved)
    assert facts.is_gray == (pixel_format == 'gray')
    assert not facts.is_rgb


def test_untagged_colors_are_coded_by_the_size(tmp_path):
    small, _ = read(make_video(tmp_path / 'a.mp4', scene(0, 1)))
    rows = np.zeros((720, 32, 3), np.uint8)
    large, _ = read(make_video(tmp_path / 'b.mp4', [rows]))
    assert (small.coding_matrix, large.coding_matrix) == (video.BT601, video.BT709)


@pytest.mark.parametrize('matrix', [1, 6])
@pytest.mark.parametrize('color_range', [1, 2])
def test_colors_lead_to_a_frame_and_back(tmp_path, matrix, color_range):
    tags = dict(colorspace=matrix, color_range=color_range)
    facts, _ = read(make_video(tmp_path / 'a.mp4', scene(0, 1), tags=tags))
    image = scene(3, 1)[0]
    frame = from_rgb(image, facts, 'yuv444p')
    green = (0.7152, 0.587)[matrix != 1]
    weights = np.array([(0.2126, 0.299)[matrix != 1], green, (0.0722, 0.114)[matrix != 1]])
    scale, offset = (1, 0) if color_range == 2 else (219 / 255, 16)
    luma = np.frombuffer(frame.planes[0], np.uint8).reshape(48, -1)[:, :64]
    np.testing.assert_allclose(luma, image @ weights * scale + offset, atol=0.6)
    assert np.abs(to_rgb(frame, facts).astype(int) - image).max() <= 3


def test_a_time_that_does_not_rise_is_moved_and_counted(tmp_path, monkeypatch):
    path = make_video(tmp_path / 'a.mp4', scene(0, 4))

    def with_a_step_back(self):
        for index, frame in enumerate(decode(self)):
            if index == 2:
                frame.pts = 3003
            yield frame

    decode = VideoReader._decode
    monkeypatch.setattr(VideoReader, '_decode', with_a_step_back)
    with VideoReader(path) as reader:
        assert [frame.pts for frame in reader.frames()] == [0, 3003, 3004, 9009]
        assert reader.moved == 1


def test_a_damaged_packet_is_counted_and_the_rest_is_read(tmp_path):
    options = {'crf': '12', 'bf': '0', 'g': '2'}
    path = make_video(tmp_path / 'a.mkv', scene(0, 8, 4), options=options, sound=None)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        place, size = packets[4].pos, packets[4].size
    data = bytearray(path.read_bytes())
    data[place + 8 : place + size] = b'\xff' * (size - 8)
    path.write_bytes(data)
    with VideoReader(path) as reader:
        assert [frame.pts for frame in reader.frames()] == [0, 33, 67, 100, 167, 200, 234]
        assert reader.damaged == 1


def test_a_video_that_changes_its_size_is_refused(tmp_path):
    small = np.zeros((32, 48, 3), np.uint8)
    for name, images in (('a', scene(0, 3)), ('b', [small] * 3)):
        with av.open(str(tmp_path / f'{name}.h264'), 'w', format='h264') as container:
            stream = container.add_stream('libx264', rate=25)
            stream.height, stream.width = images[0].shape[:2]
            for image in images:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format='rgb24')))
            container.mux(stream.encode())
    both = (tmp_path / 'a.h264').read_bytes() + (tmp_path / 'b.h264').read_bytes()
    (tmp_path / 'both.h264').write_bytes(both)
    with (
        VideoReader(tmp_path / 'both.h264') as reader,
        pytest.raises(VideoReadError, match='changes from 64x48 yuv420p to 48x32'),
    ):
        list(reader.frames())


def test_a_thumbnail_is_the_mean_of_areas(tmp_path):
    with VideoReader(make_video(tmp_path / 'a.mp4', scene(0, 1, noise=10))) as reader:
        small = thumbnail(next(reader.frames()), 8).astype(float)
    expected = scene(0, 1)[0].reshape(8, 6, 8, 8, 3).mean(axis=(1, 3))
    assert np.abs(small - expected).mean() < 2.5
