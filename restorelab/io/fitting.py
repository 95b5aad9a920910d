"""A photo as a format can hold it, and the names of what it cannot."""

from dataclasses import replace

import numpy as np

from restorelab.io import color
from restorelab.io.formats import Format
from restorelab.io.metadata import (
    Metadata,
    resolution_of,
    resolution_tags,
    tags_of_exif,
    with_tags,
)
from restorelab.io.photo import Photo
from restorelab.io.tiff_tags import Entry

DESCRIPTION = 270  # tag of TIFF
COMMENT = 'Comment'  # keyword of PNG
EXTENDED_XMP = b'http://ns.adobe.com/xmp/extension/'
SRGB_CHUNKS = {b'sRGB', b'gAMA', b'cHRM'}  # where the first is there, the others only repeat it
MAX_BLOCK = {'exif': 65527, 'xmp': 65504}  # bytes that one segment of a JPEG holds
NAMES = {'exif': 'EXIF', 'xmp': 'XMP', 'iptc': 'IPTC'}


def fit(photo: Photo, form: Format) -> tuple[Photo, tuple[str, ...]]:
    """(a photo that files of ``form`` hold whole, what this one has more)."""
    lost = []
    if photo.profile is not None and not (form.profile and (form.gray or not photo.is_gray)):
        lost.append('color profile')
        photo = _in_srgb(photo)
    photo = _fit_depth(photo, form, lost)
    if photo.alpha is not None and not form.transparency:
        if (photo.alpha < photo.white).any():
            lost.append('transparency')
        photo = replace(photo, samples=_on_white(photo), alpha=None)
    return replace(photo, metadata=_fit_metadata(photo.metadata, form, lost)), tuple(lost)


def alike(photos: list[Photo]) -> list[Photo]:
    """All with color, and with opacity, where one of them has it."""
    has_color = not all(photo.is_gray for photo in photos)
    has_alpha = any(photo.alpha is not None for photo in photos)
    result = []
    for photo in photos:
        samples, alpha = photo.samples, photo.alpha
        if has_color and photo.is_gray:
            samples = np.repeat(samples, 3, axis=2)
        if has_alpha and alpha is None:
            alpha = np.full(samples.shape[:2], photo.white, samples.dtype)
        result.append(replace(photo, samples=samples, alpha=alpha))
    return result


def _in_srgb(photo: Photo) -> Photo:
    """The same colors in sRGB, without a profile; what sRGB cannot hold is clipped."""
    samples = photo.to_srgb()[..., : photo.samples.shape[2]]
    if samples.dtype == np.uint8:
        return replace(photo, samples=np.ascontiguousarray(samples), profile=None)
    alpha = None if photo.alpha is None else photo.alpha / np.float32(photo.white)
    floats = replace(photo, samples=samples, alpha=alpha, white=1.0, profile=None)
    if photo.samples.dtype == np.float32:
        return floats
    return _as_levels(floats, 65535, np.uint16)


def _fit_depth(photo: Photo, form: Format, lost: list[str]) -> Photo:
    """Of a depth that the format has. What is less than it had is named."""
    kind = photo.samples.dtype
    if kind == np.uint8 or (kind == np.float32 and 'float' in form.depths):
        return photo
    bits = '32-bit floats' if kind == np.float32 else f'{int(photo.white).bit_length()} bits'
    if form.depths == ('8',):
        lost.append(bits)
        return _as_levels(photo, 255, np.uint8)
    if kind == np.float32 or ('16' not in form.depths and photo.white > 1023):
        lost.append(bits)
    if kind == np.uint16 and form.name in (photo.format, 'PPM', 'HEIF'):
        return photo  # the format says its white, or this file did not say it either
    return _as_levels(photo, 65535, np.uint16)


def _as_levels(photo: Photo, white: int, kind: type) -> Photo:
    """With samples of another white and type, in bands."""

    def scaled(values: np.ndarray) -> np.ndarray:
        result = np.empty(values.shape, kind)
        for band in color.bands(*values.shape[:2]):
            result[band] = np.rint(values[band] * (white / photo.white))
        return result

    alpha = None if photo.alpha is None else scaled(photo.alpha)
    return replace(photo, samples=scaled(photo.samples), alpha=alpha, white=float(white))


def _on_white(photo: Photo) -> np.ndarray:
    """Samples blended with white by their opacity."""
    result = np.empty_like(photo.samples)
    for band in color.bands(*photo.alpha.shape):
        opacity = photo.alpha[band][..., None] / np.float32(photo.white)
        blended = photo.white + (photo.samples[band] - np.float32(photo.white)) * opacity
        result[band] = blended if result.dtype == np.float32 else np.rint(blended)
    return result


def _fit_metadata(metadata: Metadata, form: Format, lost: list[str]) -> Metadata:
    """What the format has room for; the rest is named."""
    metadata = _move_comment(metadata, form)
    metadata = _move_resolution(metadata, form)
    kept = {name: vars(metadata)[name] for name in form.metadata}
    for name, value in vars(metadata).items():
        if value and name not in form.metadata:
            lost += _names_of(name, metadata)
    if form.name == 'JPEG':
        for name, limit in MAX_BLOCK.items():
            if len(kept[name]) > limit:
                lost += [f'{each} of more than 64 KB' for each in _names_of(name, metadata)]
                kept[name] = b''
    return Metadata(**kept)


def _names_of(name: str, metadata: Metadata) -> list[str]:
    """Of a field, as a user knows it."""
    if name == 'exif':
        return ['EXIF', 'GPS'] if metadata.has_gps else ['EXIF']
    if name == 'dpi':
        return ['resolution']
    if name == 'hdr':
        return [color.HDR[metadata.hdr[1]]]
    if name == 'segments':
        kinds = {segment[1] - 0xE0 for segment in metadata.segments if segment[1] != 0xFE}
        extended = any(segment[4:].startswith(EXTENDED_XMP) for segment in metadata.segments)
        names = [f'JPEG segment APP{kind}' for kind in sorted(kinds)]
        comments = len(metadata.segments) > sum(segment[1] != 0xFE for segment in metadata.segments)
        return names + ['extended XMP'] * extended + ['further comments'] * comments
    if name == 'chunks':
        kinds = {kind for kind, _ in metadata.chunks}
        kinds -= SRGB_CHUNKS if b'sRGB' in kinds else set()
        return [f'PNG chunk {kind.decode("latin-1")}' for kind in sorted(kinds)]
    return [NAMES.get(name, name)]


def _move_comment(metadata: Metadata, form: Format) -> Metadata:
    """A comment into what the format has for it."""
    comment = metadata.comment
    if not comment or form.name not in ('PNG', 'TIFF'):
        return metadata
    if form.name == 'PNG':
        if COMMENT in metadata.text:
            return metadata
        text = {**metadata.text, COMMENT: _decoded(comment)}
        return replace(metadata, text=text, comment=b'')
    if DESCRIPTION in tags_of_exif(metadata.exif)[0]:
        return metadata
    described = {DESCRIPTION: Entry(2, len(comment) + 1, comment + b'\0')}
    return replace(metadata, exif=with_tags(metadata.exif, described), comment=b'')


def _decoded(comment: bytes) -> str:
    try:
        return comment.decode('utf-8')
    except UnicodeDecodeError:
        return comment.decode('latin-1')


def _move_resolution(metadata: Metadata, form: Format) -> Metadata:
    """Into the EXIF block, of formats that have only that."""
    if metadata.dpi is None or 'dpi' in form.metadata or 'exif' not in form.metadata:
        return metadata
    stated = resolution_of(tags_of_exif(metadata.exif)[0])
    if stated is not None and np.allclose(stated, metadata.dpi, rtol=1e-3):
        return replace(metadata, dpi=None)
    exif = with_tags(metadata.exif, resolution_tags(metadata.dpi))
    return replace(metadata, exif=exif, dpi=None)
