"""Video files in parts: each is encoded alone, and all are joined with the sound of the source.

There are no B-frames. So the packets of a part are in the order of their times, and parts can be
joined without a gap and without encoding anything twice.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from restorelab.io.video import (
    ALPHA_TAG,
    BT709,
    HDR_TRANSFERS,
    VideoFacts,
    from_rgb,
    import_av,
    is_cover,
    main_stream,
    open_container,
)
from restorelab.utils.files import atomic_path

if TYPE_CHECKING:
    import av

# FFmpeg's name of the container for each extension
FORMATS = {
    '.mp4': 'mp4',
    '.m4v': 'mp4',
    '.mov': 'mov',
    '.mkv': 'matroska',
    '.webm': 'webm',
}
# Encoders and their options, of a quality that hardly differs from what was restored. Without
# mbtree, files are a tenth larger. With it, the same frames are not always encoded alike, since
# x264 (core 165) reads memory there that nobody wrote.
H264 = ('libx264', dict(crf='16', preset='medium', bf='0', mbtree='0'))
VP9 = ('libvpx-vp9', {'crf': '18', 'b': '0', 'deadline': 'good', 'cpu-used': '3', 'row-mt': '1'})
PART_EXTENSION = '.nut'  # the container that keeps any time base and time exactly
GLOBAL_HEADER = 1 << 22  # FFmpeg's flag for an encoder: its headers stand before all packets
# Said of the file itself or of the old video stream, so not true of the new one
FILE_METADATA = {'compatible_brands', 'duration', 'encoder', 'major_brand', 'minor_version'}
OLD_ENTRIES = ('_statistics', ALPHA_TAG, 'bps', 'duration', 'encoder', 'number_of_')


def encoder_of(output: Path) -> tuple[str, dict[str, str]]:
    """The name and the options of the encoder for a file.

    Raises: ValueError for an extension that is not written, or when PyAV lacks the encoder.
    """
    extension = output.suffix.lower()
    if extension not in FORMATS:
        reason = ' (AVI has no time stamps)' if extension == '.avi' else ''
        raise ValueError(
            f"{output}: videos are not written as '{extension}'{reason}; choose one of "
            f'{", ".join(FORMATS)}'
        )
    name, options = VP9 if extension == '.webm' else H264
    if name not in import_av().codec.codecs_available:
        raise ValueError(
            f'{output}: this PyAV has no encoder {name}; install the one from PyPI (pip install av)'
        )
    return name, options


def written_format(facts: VideoFacts) -> str:
    """The pixel format to write: 8 bits, with the colors in the resolution of the source.

    4:2:0 needs even sides, and 4:2:2 an even width; other sizes keep the full resolution.
    """
    columns, rows = facts.halved
    if facts.is_gray:
        columns = rows = True
    if columns and rows and facts.width % 2 == 0 and facts.height % 2 == 0:
        return 'yuv420p'
    if columns and not rows and facts.width % 2 == 0:
        return 'yuv422p'
    return 'yuv444p'


class PartWriter:
    """Encodes the frames of one part. ``writing_part`` gives it."""

    def __init__(self, stream: av.VideoStream, container, facts: VideoFacts):
        self._stream, self._container, self._facts = stream, container, facts

    def add(self, image: np.ndarray, pts: int) -> None:
        """Write an upright image (H, W, 3), uint8, RGB, to be shown at ``pts``."""
        frame = from_rgb(image, self._facts, self._stream.pix_fmt)
        frame.pts, frame.time_base = pts, self._facts.time_base
        self._container.mux(self._stream.encode(frame))


@contextmanager
def writing_part(path: Path, facts: VideoFacts, output: Path) -> Iterator[PartWriter]:
    """Write a part of ``output`` to ``path``, which exists only when the block ends without error.

    The first frame is a key frame.
    """
    av = import_av()
    name, options = encoder_of(output)
    with (
        atomic_path(path) as temporary,
        av.open(str(temporary), 'w', format='nut') as container,
    ):
        stream = container.add_stream(name, rate=facts.rate, options=dict(options))
        stream.width, stream.height = facts.width, facts.height
        stream.pix_fmt = written_format(facts)
        stream.codec_context.flags |= GLOBAL_HEADER
        stream.codec_context.time_base = facts.time_base
        _set_facts(stream, facts)
        yield PartWriter(stream, container, facts)
        container.mux(stream.encode())


def _set_facts(stream: av.VideoStream, facts: VideoFacts) -> None:
    """What a player must know beside the frames."""
    context = stream.codec_context
    stream.time_base = facts.time_base
    context.framerate = facts.rate
    context.sample_aspect_ratio = facts.pixel_shape
    context.color_range = facts.color_range
    context.color_primaries, context.color_trc = facts.primaries, facts.transfer
    context.colorspace = BT709 if facts.is_rgb else facts.matrix


def join_parts(
    parts: Sequence[Path], source: Path, output: Path, facts: VideoFacts, last: int
) -> None:
    """Write ``output`` from encoded parts and all other streams of ``source``, which are copied.

    ``output`` exists only when it is whole. Nothing is encoded, and memory does not grow.

    Args:
        parts: in the order of their times.
        last: ticks that the last frame is shown.
    """
    av = import_av()
    extension = output.suffix.lower()
    options = {}
    if FORMATS[extension] in ('mp4', 'mov'):  # times are kept exactly
        ticks = str(facts.time_base.denominator)
        options = dict(video_track_timescale=ticks, movie_timescale=ticks)
    with (
        open_container(source) as original,
        atomic_path(output) as temporary,
        av.open(
            str(temporary), 'w', format=FORMATS[extension], container_options=options
        ) as joined,
        av.open(str(parts[0])) as first,
    ):
        main = main_stream(original, source)
        new, copies = None, {}
        for stream in original.streams:
            if stream.index == main.index:
                new = _add_video(joined, first.streams.video[0], main, facts)
            elif can_hold(extension, stream):
                copies[stream.index] = _add_copy(joined, stream)
        joined.metadata.update(_without(original.metadata, FILE_METADATA))
        joined.set_chapters(original.chapters())
        video = _video_packets(parts, new, last * facts.time_base)
        others = _copied_packets(original, copies)
        for packet in _merged(video, others):
            joined.mux(packet)


def _add_video(joined, part: av.VideoStream, main: av.VideoStream, facts: VideoFacts):
    new = joined.add_stream_from_template(part, opaque=True)
    _set_facts(new, facts)
    if facts.display_matrix is not None:
        new.set_display_matrix(facts.display_matrix)
    elif facts.rotation:
        new.set_display_rotation(facts.rotation)
    new.disposition = main.disposition
    for key, value in main.metadata.items():
        if not key.lower().startswith(OLD_ENTRIES):
            new.metadata[key] = value
    return new


def _add_copy(joined, stream: av.stream.Stream):
    copy = joined.add_stream_from_template(stream, opaque=True)
    copy.disposition = stream.disposition
    copy.metadata.update(stream.metadata)
    return copy


def _without(metadata: dict[str, str], names: set[str]) -> dict[str, str]:
    return {key: value for key, value in metadata.items() if key.lower() not in names}


def _video_packets(parts: Sequence[Path], stream, last: Fraction) -> Iterator[av.Packet]:
    """The packets of all parts, each with the time until the next one, or for ``last`` seconds.

    A part may have a finer time base than the video.
    """
    av = import_av()
    before = None
    for path in parts:
        with av.open(str(path)) as part:
            for packet in part.demux(video=0):
                if packet.size == 0:  # the end of the file
                    continue
                packet.dts = packet.pts
                packet.stream = stream
                if before is not None:
                    before.duration = packet.pts - before.pts
                    yield before
                before = packet
    before.duration = round(last / before.time_base)
    yield before


def _copied_packets(original, copies: dict) -> Iterator[av.Packet]:
    """The packets of the streams that are copied. Decoding times that do not rise are moved."""
    if not copies:
        return
    before: dict[int, int] = {}
    for packet in original.demux([original.streams[index] for index in copies]):
        if packet.size == 0:  # the end of the file
            continue
        index = packet.stream_index
        if packet.dts is None:  # a cover picture has no time at all
            packet.dts = packet.pts if packet.pts is not None else before.get(index, -1) + 1
        if index in before and packet.dts <= before[index]:
            packet.dts = before[index] + 1
        if packet.pts is None or packet.pts < packet.dts:
            packet.pts = packet.dts
        before[index] = packet.dts
        packet.stream = copies[index]
        yield packet


def _merged(video: Iterator[av.Packet], others: Iterator[av.Packet]) -> Iterator[av.Packet]:
    """All packets by their times, so that the container need not wait for any."""
    picture = next(video, None)
    for other in others:
        while picture is not None and _time(picture) <= _time(other):
            yield picture
            picture = next(video, None)
        yield other
    if picture is not None:
        yield picture
        yield from video


def _time(packet: av.Packet) -> Fraction:
    return packet.dts * packet.time_base


def can_hold(extension: str, stream: av.stream.Stream) -> bool:
    """Whether a file with ``extension`` can have a copy of ``stream``. It is tried in memory."""
    av = import_av()
    if is_cover(stream) and FORMATS[extension] not in ('mp4', 'mov'):
        return False
    try:
        with av.open(io.BytesIO(), 'w', format=FORMATS[extension]) as trial:
            _add_copy(trial, stream)
            trial.start_encoding()
    except (av.error.FFmpegError, ValueError):
        return False
    return True


def name_of(stream: av.stream.Stream) -> str:
    """A stream for people, such as ``subtitle stream 3 (mov_text)``."""
    kind = 'cover picture in' if is_cover(stream) else stream.type
    codec = stream.codec_context.name if stream.codec_context else stream.name
    return f'{kind} stream {stream.index} ({codec or "unknown"})'


def lost_streams(source: Path, output: Path) -> list[str]:
    """What of the streams of ``source`` a file like ``output`` cannot have.

    Raises: ValueError when it is the sound: nobody wants a restored video without it.
    """
    lost = []
    extension = output.suffix.lower()
    with open_container(source) as original:
        main = main_stream(original, source)
        for stream in original.streams:
            if stream.index == main.index:
                continue
            if can_hold(extension, stream):
                if stream.type == 'video' and not is_cover(stream):
                    lost.append(f'restoring of video stream {stream.index}, which is only copied')
            elif stream.type == 'audio':
                raise ValueError(
                    f'{output}: a {extension} file cannot hold the sound of {source} '
                    f'({name_of(stream)}); choose .mkv, which holds nearly everything'
                )
            else:
                lost.append(name_of(stream))
    return lost


def lost_facts(facts: VideoFacts, output: Path) -> list[str]:
    """What of the frames is not kept, beside what the encoder cannot see."""
    lost = []
    if facts.depth > 8:
        lost.append(f'{facts.depth} bits of a sample: 8 are written')
    if facts.transfer in HDR_TRANSFERS:
        lost.append(
            f'HDR: {HDR_TRANSFERS[facts.transfer]} was restored as if it were an ordinary picture'
        )
    if facts.has_alpha:
        lost.append('transparency')
    if facts.is_rgb:
        lost.append('RGB: YCbCr 4:4:4 is written')
    if facts.pixel_shape != 1 and output.suffix.lower() == '.webm':
        lost.append(f'shape of pixels ({facts.pixel_shape}): a .webm file has square ones')
    return lost
