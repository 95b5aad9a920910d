"""Small videos with sound, and what is in a video file."""

from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from PIL import Image

from restorelab.io.video import SCALING

WIDTH, HEIGHT = 64, 48
RATE = Fraction(30000, 1001)
TICK = Fraction(1, 90000)
SAMPLE_RATE = 48000
SAME = {'crf': '12', 'mbtree': '0'}  # without mbtree, the same file in every run


def scene(seed: int, frames: int, noise: float = 0.0) -> list[np.ndarray]:
    """A still scene: uint8 (48, 64, 3), soft colors, with noise that changes from frame to frame.

    Soft, since hard edges of color are not kept by 4:2:0.

    Args:
        noise: standard deviation, in levels of 255.
    """
    rng = np.random.default_rng(seed)
    colors = rng.integers(60, 196, (3, 4, 3)).astype(np.uint8)
    still = np.asarray(Image.fromarray(colors).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
    images = []
    for _ in range(frames):
        noisy = still + noise * rng.standard_normal(still.shape)
        images.append(noisy.clip(0, 255).astype(np.uint8))
    return images


def make_video(
    path: Path,
    images: list[np.ndarray],
    times: list[int] | None = None,
    codec: str = 'libx264',
    pixel_format: str = 'yuv420p',
    options: dict[str, str] | None = None,
    tags: dict[str, int] | None = None,
    pixel_shape: Fraction = Fraction(1),
    rotation: int = 0,
    sound: str | None = 'aac',
    tick: Fraction = TICK,
) -> Path:
    """Write a video.

    Args:
        times: of the frames in ticks (default: 3003 ticks apart).
        tags: attributes of the encoder, such as ``color_range``.
        sound: its codec; None for a video without.
        tick: seconds that one takes, the time base.
    """
    times = times or [3003 * index for index in range(len(images))]
    with av.open(str(path), 'w') as container:
        stream = container.add_stream(codec, rate=RATE, options=options or SAME)
        height, width = images[0].shape[:2]
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        stream.time_base = stream.codec_context.time_base = tick
        stream.codec_context.sample_aspect_ratio = pixel_shape
        for name, value in (tags or {}).items():
            setattr(stream.codec_context, name, value)
        if rotation:
            stream.set_display_rotation(rotation)
        track = None if sound is None else container.add_stream(sound, rate=SAMPLE_RATE)
        container.metadata['title'] = 'a made video'
        full = (tags or {}).get('color_range') == 2
        for image, time in zip(images, times, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format='rgb24').reformat(
                format=pixel_format,
                dst_colorspace=5,
                dst_color_range=2 if full else 1,
                interpolation=SCALING,
            )
            frame.pts, frame.time_base = time, tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if track is not None:
            _add_sound(container, track, float(times[-1] * tick))
    return path


def _add_sound(container, track, seconds: float) -> None:
    for index in range(int(seconds * SAMPLE_RATE / 960) + 2):
        wave = 0.1 * np.sin(np.arange(960 * index, 960 * (index + 1)) / 9)
        frame = av.AudioFrame.from_ndarray(
            np.tile(wave.astype(np.float32), (2, 1)), format='fltp', layout='stereo'
        )
        frame.sample_rate, frame.pts = SAMPLE_RATE, 960 * index
        frame.time_base = Fraction(1, SAMPLE_RATE)
        container.mux(track.encode(frame))
    container.mux(track.encode())


class Content(NamedTuple):
    """What is in a file. Times are in seconds."""

    images: list[np.ndarray]
    times: list[Fraction]
    sound: list[tuple[Fraction, bytes]]
    rate: Fraction
    rotations: set[int]
    pixel_shape: Fraction
    tags: tuple[int, int, int, int]
    pixel_format: str
    codec: str
    title: str | None


def content_of(path: Path) -> Content:
    """Read a whole file."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        context = stream.codec_context
        tags = (
            context.color_range,
            context.color_primaries,
            context.color_trc,
            context.colorspace,
        )
        known = (stream.average_rate, stream.sample_aspect_ratio, context.pix_fmt, context.name)
        title = container.metadata.get('title')
    with av.open(str(path)) as container:
        packets = []
        if container.streams.audio:
            packets = [p for p in container.demux(audio=0) if p.size]
        sound = [(packet.pts * packet.time_base, bytes(packet)) for packet in packets]
    rate, pixel_shape, pixel_format, codec = known
    return Content(
        images=[frame.to_ndarray(format='rgb24', interpolation=SCALING) for frame in frames],
        times=[frame.pts * frame.time_base for frame in frames],
        sound=sound,
        rate=rate,
        rotations={frame.rotation for frame in frames},
        pixel_shape=pixel_shape,
        tags=tags,
        pixel_format=pixel_format,
        codec=codec,
        title=title,
    )
