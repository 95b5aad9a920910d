"""What each format that is written can hold."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """What files of a format hold of a photo.

    Attributes:
        name: Pillow's.
        extensions: lower-case, with the dot.
        depths: bits of a sample of integers, and ``float``; the deepest is last.
        coding: how the samples are compressed, in words.
        transparency, profile, frames: whether it has room for these; frames are pages or those of
            an animation.
        durations: whether the frames have times.
        metadata: the fields of ``Metadata`` that it has room for.
    """

    name: str
    extensions: tuple[str, ...]
    depths: tuple[str, ...]
    coding: str
    transparency: bool = False
    profile: bool = True
    gray: bool = True
    frames: bool = False
    durations: bool = False
    metadata: tuple[str, ...] = ()


FORMATS = (
    Format(
        'JPEG',
        ('.jpg', '.jpeg', '.jfif'),
        ('8',),
        'as the input, at least quality 90; from other formats quality 95',
        metadata=('exif', 'xmp', 'iptc', 'dpi', 'comment', 'segments'),
    ),
    Format(
        'PNG',
        ('.png',),
        ('8', '16'),
        'lossless',
        transparency=True,
        frames=True,
        durations=True,
        metadata=('exif', 'xmp', 'dpi', 'text', 'chunks', 'hdr'),
    ),
    Format(
        'TIFF',
        ('.tif', '.tiff'),
        ('8', '16', 'float'),
        'lossless',
        transparency=True,
        frames=True,
        metadata=('exif', 'xmp', 'iptc', 'dpi'),
    ),
    Format(
        'WEBP',
        ('.webp',),
        ('8',),
        'lossless; quality 95 where the input is a lossy WebP',
        transparency=True,
        gray=False,
        frames=True,
        durations=True,
        metadata=('exif', 'xmp'),
    ),
    Format(
        'AVIF',
        ('.avif',),
        ('8',),
        'quality 90',
        transparency=True,
        gray=False,
        frames=True,
        durations=True,
        metadata=('exif', 'xmp'),
    ),
    Format(
        'HEIF',
        ('.heic', '.heif', '.hif'),
        ('8', '10'),
        'quality 90',
        transparency=True,
        frames=True,
        metadata=('exif', 'xmp', 'hdr'),
    ),
    Format(
        'GIF',
        ('.gif',),
        ('8',),
        '256 colors',
        transparency=True,
        profile=False,
        frames=True,
        durations=True,
        metadata=('comment',),
    ),
    Format('BMP', ('.bmp',), ('8',), 'lossless', profile=False, metadata=('dpi',)),
    Format('PPM', ('.ppm',), ('8', '16'), 'lossless', profile=False),
)


def format_of(extension: str) -> Format | None:
    """The format that is written with a lower-case extension, or None."""
    for each in FORMATS:
        if extension in each.extensions:
            return each
    return None
