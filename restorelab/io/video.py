"""Video files, frame by frame, and what a player must know about them.

PyAV reads them, which is imported when the first video is opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from restorelab.utils.files import fault_of_file

if TYPE_CHECKING:
    import av

VIDEO_EXTENSIONS = ('.mp4', '.mov', '.mkv', '.webm', '.avi', '.m4v')

# swscale's flags BICUBIC, FULL_CHR_H_INT and ACCURATE_RND. Without the last one, its fast paths
# darken pictures of 4:2:0 by more than a level of 255.
SCALING = 4 | 0x2000 | 0x40000
AREA = 0x20 | 0x2000 | 0x40000
# FFmpeg's numbers for tags of color
UNSPECIFIED = 2
LIMITED, FULL = 1, 2
RGB, BT709, BT601 = 0, 1, 6
HDR_TRANSFERS = {16: 'PQ', 18: 'HLG'}
# The number that swscale has for a tag of the matrix
SCALER_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
HD_ROWS = 720  # players take BT.709 for untagged video of so many rows and more, else BT.601
USUAL_RATE = Fraction(25)  # where the file says nothing about its rate
ALPHA_TAG = 'alpha_mode'  # of a VP9 stream that has its transparency beside its frames
# What frames may carry, by PyAV's name, and what to call it. An encoder here writes none of it.
SIDE_DATA = dict(
    A53_CC='closed captions inside the pictures',
    CONTENT_LIGHT_LEVEL='HDR: brightness of the content',
    DOVI_METADATA='HDR: Dolby Vision',
    DYNAMIC_HDR_PLUS='HDR: HDR10+',
    DYNAMIC_HDR_VIVID='HDR: HDR Vivid',
    MASTERING_DISPLAY_METADATA='HDR: mastering display',
    ICC_PROFILE='color profile (ICC)',
    SPHERICAL='mapping of a 360 degree video',
    STEREO3D='arrangement of a stereo video',
    S12M_TIMECODE='timecode inside the pictures',
)


class VideoReadError(ValueError):
    """A file that cannot be restored as a video; the message begins with its name."""


def import_av():
    """The module ``av``. Raises: ImportError that says what to install."""
    try:
        import av
    except ImportError as error:
        raise ImportError(
            f'videos need PyAV ({error}): pip install restorelab[video], or pip install av'
        ) from error
    return av


@dataclass(frozen=True)
class VideoFacts:
    """What is the same for all frames of a video.

    Attributes:
        width, height: of a frame as it is stored, before ``rotation``.
        time_base: seconds that one tick of a time stamp takes.
        rate: frames a second on average.
        pixel_format: FFmpeg's name, such as ``yuv420p``.
        depth: bits of a sample.
        halved: whether color has half the (columns, rows) of brightness.
        is_rgb, is_gray, has_alpha: of the pixel format.
        color_range, primaries, transfer, matrix: the tags of color, FFmpeg's numbers.
        pixel_shape: width of a pixel divided by its height.
        rotation: degrees counterclockwise that a player turns the frames by.
        display_matrix: the nine numbers that say so, with mirroring, or None.
    """

    width: int
    height: int
    time_base: Fraction
    rate: Fraction
    pixel_format: str
    depth: int
    halved: tuple[bool, bool]
    is_rgb: bool
    is_gray: bool
    has_alpha: bool
    color_range: int
    primaries: int
    transfer: int
    matrix: int
    pixel_shape: Fraction
    rotation: int
    display_matrix: tuple[int, ...] | None

    @property
    def is_full_range(self) -> bool:
        return self.color_range == FULL

    @property
    def coding_matrix(self) -> int:
        """The matrix that leads from RGB to what is stored, as a tag."""
        if self.matrix in SCALER_MATRICES:
            return self.matrix
        return BT709 if self.is_rgb or self.height >= HD_ROWS else BT601

    @property
    def quarter_turns(self) -> int:
        """Counterclockwise, from the stored frame to the upright one."""
        return round(self.rotation / 90) % 4


class VideoReader:
    """The frames of the main video stream of a file, in the order in which they are shown.

    Use it in a ``with`` block.

    Attributes:
        facts: what is the same for all frames.
        damaged: packets that could not be decoded so far.
        moved: frames so far whose time was not after that of the frame before, and was moved.
    Raises: VideoReadError for what is no video that can be restored.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self.damaged = self.moved = 0
        self._container = open_container(path)
        try:
            self._stream = main_stream(self._container, self.path)
            self._decoded = self._decode()
            self._first = next(self._decoded, None)
            if self._first is None:
                raise VideoReadError(f'{path}: no frame can be decoded; is the file damaged?')
            self.facts = _facts_of(self._stream, self._first)
            _check_facts(self.facts, self.path)
            _check_frame(self._first, self.facts, self.path)
        except BaseException:
            self._container.close()
            raise

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, *error) -> None:
        self._container.close()

    def frames(self) -> Iterator[av.VideoFrame]:
        """All frames, once. The times ``pts`` rise, in ticks of the time base.

        Raises: VideoReadError for an interlaced frame, and for one of another size or format.
        """
        tick = max(1, round(1 / (self.facts.rate * self.facts.time_base)))
        before = None
        frame: av.VideoFrame | None = self._first
        self._first = None
        while frame is not None:
            _check_frame(frame, self.facts, self.path)
            if frame.pts is None:
                frame.pts = frame.dts
            if frame.pts is None:
                frame.pts = 0 if before is None else before + tick
            if before is not None and frame.pts <= before:
                frame.pts = before + 1
                self.moved += 1
            before = frame.pts
            yield frame
            frame = next(self._decoded, None)

    def _decode(self) -> Iterator[av.VideoFrame]:
        """The frames of all packets that can be decoded."""
        av = import_av()
        for packet in self._container.demux(self._stream):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                self.damaged += 1
                continue
            yield from frames


def open_container(path: str | os.PathLike) -> av.container.InputContainer:
    """A media file, opened to read. Raises: VideoReadError."""
    av = import_av()
    fault = fault_of_file(path)
    if fault is not None:
        raise VideoReadError(f'{path}: {fault}; a video is wanted here')
    try:
        return av.open(os.fspath(path), metadata_errors='replace')
    except (av.error.FFmpegError, OSError) as error:
        raise VideoReadError(f'{path}: cannot be read as a video ({error.strerror})') from error


def main_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    """The stream that players show. Raises: VideoReadError when there is none."""
    streams = [stream for stream in container.streams.video if not is_cover(stream)]
    if not streams:
        raise VideoReadError(f'{path}: has no video stream, so there is nothing to restore')
    best = container.streams.best('video')
    stream = best if best in streams else streams[0]
    if stream.codec_context is None:
        raise VideoReadError(f'{path}: PyAV has no decoder for its video stream')
    return stream


def is_cover(stream: av.stream.Stream) -> bool:
    """Whether the stream is a picture of the whole file, such as the cover of a film."""
    return bool(stream.disposition & import_av().stream.Disposition.attached_pic)


def _facts_of(stream: av.VideoStream, frame: av.VideoFrame) -> VideoFacts:
    layout = frame.format
    parts = layout.components
    is_full = layout.name.startswith('yuvj') or frame.color_range == FULL
    is_gray = len(parts) <= 2 and not layout.has_palette
    halved = (False, False)
    if not is_gray and not layout.is_rgb and not layout.has_palette:
        halved = (parts[1].width < parts[0].width, parts[1].height < parts[0].height)
    return VideoFacts(
        width=frame.width,
        height=frame.height,
        time_base=stream.time_base,
        rate=stream.average_rate or stream.guessed_rate or USUAL_RATE,
        pixel_format=layout.name,
        depth=max((part.bits for part in parts), default=8),
        halved=halved,
        is_rgb=layout.is_rgb or layout.has_palette,
        is_gray=is_gray,
        has_alpha=any(part.is_alpha for part in parts) or ALPHA_TAG in stream.metadata,
        color_range=FULL if is_full else frame.color_range,
        primaries=frame.color_primaries,
        transfer=frame.color_trc,
        matrix=frame.colorspace,
        pixel_shape=stream.sample_aspect_ratio or Fraction(1),
        rotation=frame.rotation,
        display_matrix=_display_matrix(frame),
    )


def _display_matrix(frame: av.VideoFrame) -> tuple[int, ...] | None:
    data = _side_data(frame).get('DISPLAYMATRIX')
    return None if data is None else tuple(np.frombuffer(data, np.int32).tolist())


def _side_data(frame: av.VideoFrame) -> dict[str, bytes]:
    """By PyAV's names."""
    try:
        return {data.type.name: bytes(data) for data in frame.side_data}
    except ValueError:  # of a kind that PyAV has no name for
        return {}


def side_data_names(frame: av.VideoFrame) -> set[str]:
    """What a frame carries beside its pixels that is not written again."""
    return {SIDE_DATA[name] for name in _side_data(frame) if name in SIDE_DATA}


def _check_facts(facts: VideoFacts, path: Path) -> None:
    if facts.matrix not in SCALER_MATRICES and facts.matrix not in (RGB, UNSPECIFIED, 3):
        raise VideoReadError(
            f'{path}: its colors are coded with the matrix {facts.matrix} of H.273, which is not '
            'known here; convert it to BT.709 first, as ffmpeg can'
        )


def _check_frame(frame: av.VideoFrame, facts: VideoFacts, path: Path) -> None:
    if frame.interlaced_frame:
        raise VideoReadError(
            f'{path}: is interlaced: each frame holds two moments, and restoring would mix them. '
            f'Deinterlace it first: ffmpeg -i {path.name} -vf bwdif -crf 12 progressive.mkv'
        )
    if (frame.width, frame.height, frame.format.name) != (
        facts.width,
        facts.height,
        facts.pixel_format,
    ):
        raise VideoReadError(
            f'{path}: changes from {facts.width}x{facts.height} {facts.pixel_format} to '
            f'{frame.width}x{frame.height} {frame.format.name} on the way; cut it there first'
        )


def to_rgb(frame: av.VideoFrame, facts: VideoFacts) -> np.ndarray:
    """uint8 (H, W, 3), RGB, upright."""
    rgb = frame.reformat(
        format='rgb24',
        src_colorspace=SCALER_MATRICES[facts.coding_matrix],
        src_color_range=FULL if facts.is_full_range or facts.is_rgb else LIMITED,
        dst_color_range=FULL,
        interpolation=SCALING,
    )
    return np.ascontiguousarray(np.rot90(rgb.to_ndarray(), facts.quarter_turns))


def from_rgb(image: np.ndarray, facts: VideoFacts, pixel_format: str) -> av.VideoFrame:
    """The frame of an upright image (H, W, 3), uint8, RGB, as the video stores it."""
    av = import_av()
    stored = np.ascontiguousarray(np.rot90(image, -facts.quarter_turns))
    frame = av.VideoFrame.from_ndarray(stored, format='rgb24').reformat(
        format=pixel_format,
        dst_colorspace=SCALER_MATRICES[facts.coding_matrix],
        src_color_range=FULL,
        dst_color_range=FULL if facts.is_full_range else LIMITED,
        interpolation=SCALING,
    )
    frame.colorspace = facts.coding_matrix if facts.is_rgb else facts.matrix
    frame.color_range = facts.color_range
    return frame


def thumbnail(frame: av.VideoFrame, side: int) -> np.ndarray:
    """uint8 (side, side, 3): the means of areas of the frame, RGB."""
    return frame.reformat(side, side, 'rgb24', interpolation=AREA).to_ndarray()
