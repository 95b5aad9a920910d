"""Photographs from files that Pillow reads, and which reader takes the others."""

import re
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from restorelab.io import jpeg
from restorelab.io.color import HDR, adobe_rgb_profile, profile_of_primaries
from restorelab.io.frames import Frames
from restorelab.io.images import check_png
from restorelab.io.metadata import (
    Metadata,
    is_adobe_rgb,
    orientation_of,
    resolution_of,
    tags_of_exif,
    tidy_exif,
    tidy_xmp,
)
from restorelab.io.opening import ImageReadError, check_pixels, reading
from restorelab.io.photo import Photo
from restorelab.io.pictures import (
    SIDEWAYS,
    Picture,
    picture_of_8_bits,
    turned,
    with_profile,
)
from restorelab.io.png import chunks_of
from restorelab.io.sample_depth import depth_of, white_of

FORMATS = ('AVIF', 'BMP', 'GIF', 'JPEG', 'PNG', 'PPM', 'WEBP')
ANIMATED = ('AVIF', 'GIF', 'PNG', 'WEBP')
HEIF_BRANDS = {b'heic', b'heix', b'heim', b'heis', b'hevc', b'hevx', b'hevm', b'hevs'}
TIFF_HEADERS = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
GIF_XMP = b'\x0bXMP DataXMP'
BMP_PROFILES = (b'DEBM', b'KNIL')  # an embedded and a linked one, as their header names them
AVIF_COLORS = b'colrnclx'  # the box of the numbers of H.273
AVIF_CODING = b'av1C'  # the box whose third byte has the bits of a sample
DEEP_PPM = {b'P2': 1, b'P3': 3, b'P5': 1, b'P6': 3}  # channels, by how the file begins
TEXT_PPM = (b'P2', b'P3')  # with numbers as text
XMP_TEXT = 'XML:com.adobe.xmp'
EXIF_TEXTS = ('Raw profile type exif', 'Raw profile type APP1')
# PNG chunks that say what the samples mean, or when they were made, and stay true.
KEPT_CHUNKS = (b'cHRM', b'gAMA', b'sRGB', b'cICP', b'mDCV', b'cLLI', b'tIME', b'sTER', b'oFFs')
# PNG chunks that this package reads as something else and writes anew.
TEXT_CHUNKS = (b'tEXt', b'zTXt', b'iTXt')
RENEWED_CHUNKS = (b'IHDR', b'PLTE', b'tRNS', b'IDAT', b'IEND', b'iCCP', b'pHYs', b'eXIf', b'sBIT')
RENEWED_CHUNKS = (*RENEWED_CHUNKS, *TEXT_CHUNKS, b'acTL', b'fcTL', b'fdAT')


def read_photo(path: str | Path) -> Photo:
    """The picture of a file, with all that the file holds.

    Raises: ImageReadError for any file that cannot be read, and for one of several pictures.
    """
    frames = read_frames(path)
    if len(frames.photos) > 1:
        what = {'pages': 'pages', 'animation': 'frames'}[frames.kind]
        raise ImageReadError(
            f'{path}: has {len(frames.photos)} {what}, wanted is one picture; tools/restore.py '
            'takes the whole file, and restorelab.io.photo_files.read_frames gives them all'
        )
    return frames.photos[0]


def read_frames(path: str | Path) -> Frames:
    """Every frame or page of a file. Raises: ImageReadError for any file that cannot be read."""
    path = Path(path)
    with reading(path):
        with open(path, 'rb') as file:
            head = file.read(64)
        frames = _reader_of(path, head)(path)
        if not frames.photos:
            raise ValueError('the file has no picture')
        return frames


def _reader_of(path: Path, head: bytes):
    """The function that reads a file, chosen by how it begins and not by its name."""
    from restorelab.io.heif import read_heif
    from restorelab.io.raw import is_raw, read_raw
    from restorelab.io.tiff import read_tiff

    if is_raw(path, head):
        return lambda path: Frames([read_raw(path)])
    if head[:4] in TIFF_HEADERS:
        return read_tiff
    if head[4:8] == b'ftyp' and _is_heif(head):
        return read_heif
    return _read_with_pillow


def _is_heif(head: bytes) -> bool:
    length = int.from_bytes(head[:4], 'big')
    brands = {head[place : place + 4] for place in range(8, min(length, len(head)), 4)}
    return not brands.isdisjoint(HEIF_BRANDS)


def _read_with_pillow(path: Path) -> Frames:
    with Image.open(path, formats=FORMATS) as image:
        number = image.n_frames if image.format in ANIMATED else 1
        photos, durations = [], []
        # an animated PNG may show another picture where animations are not known
        first = 1 if image.info.get('default_image') else 0
        for index in range(first, number):
            image.seek(index)
            photos.append(_photo_of(image, path, number > 1))
            durations.append(float(image.info.get('duration', 0)))
        loop = image.info.get('loop')
    if first:
        photos[0] = replace(photos[0], lost=(*photos[0].lost, 'still picture'))
    if len(photos) == 1:
        return Frames(photos)
    photos = [replace(photo, metadata=photos[0].metadata) for photo in photos]
    return Frames(photos, durations, loop, 'animation')


def _photo_of(image: Image.Image, path: Path, is_frame: bool) -> Photo:
    depth = depth_of(image)
    image.load()
    check_pixels(*image.size)
    check_png(image)
    picture = _picture_of(image, path, depth, is_frame)
    orientation = orientation_of(_exif_block(image), _xmp_packet(image))
    samples = turned(picture.samples, orientation)
    alpha = None if picture.alpha is None else turned(picture.alpha, orientation)
    metadata, lost = _metadata_of(image, path, samples.shape)
    if orientation in SIDEWAYS and metadata.dpi is not None:
        metadata = replace(metadata, dpi=metadata.dpi[::-1])
    is_jpeg, profile = image.format in ('JPEG', 'MPO'), picture.profile
    # of the file of a camera; CMYK was converted to sRGB
    if is_jpeg and profile is None and image.mode == 'RGB' and is_adobe_rgb(metadata.exif):
        profile = adobe_rgb_profile()
    return Photo(
        samples=samples,
        alpha=alpha,
        white=float(picture.white),
        format='JPEG' if is_jpeg else image.format,
        profile=profile,
        metadata=metadata,
        jpeg=jpeg.coding_of(image, orientation in SIDEWAYS) if is_jpeg else None,
        lost=(*picture.lost, *lost),
        lossless=_is_lossless(image.format, path),
    )


def _is_lossless(form: str, path: Path) -> bool:
    if form != 'WEBP':
        return form not in ('JPEG', 'MPO', 'AVIF')
    with open(path, 'rb') as file:
        data = file.read()
    place = 12
    while place + 8 <= len(data):
        kind, length = (
            data[place : place + 4],
            int.from_bytes(data[place + 4 : place + 8], 'little'),
        )
        if kind == b'ANMF':  # the chunks of a frame follow its 16 bytes of header
            place += 8 + 16
        elif kind in (b'VP8 ', b'VP8L'):
            return kind == b'VP8L'
        else:
            place += 8 + length + length % 2
    return True


def _picture_of(image: Image.Image, path: Path, depth, is_frame: bool) -> Picture:
    profile = image.info.get('icc_profile')
    if image.format == 'AVIF' and not profile:
        numbers = _numbers_of_avif(path)
        profile = profile_of_primaries(*numbers) if numbers else None
    deep = _deep_picture(image, path, depth.deep, is_frame)
    if deep is not None:
        return with_profile(deep, profile)
    return picture_of_8_bits(image, profile, ('16 bits',) if depth.deep else ())


def _numbers_of_avif(path: Path) -> tuple[int, int] | None:
    """Primaries and transfer characteristics (H.273), where the file has them."""
    data = path.read_bytes()
    place = data.find(AVIF_COLORS)
    return struct.unpack_from('>HH', data, place + len(AVIF_COLORS)) if place >= 0 else None


def _deep_picture(image: Image.Image, path: Path, is_deep: bool, is_frame: bool) -> Picture | None:
    """Of more than 8 bits a sample; None where there are no more, or no more can be read."""
    if image.format == 'PNG' and is_deep and not is_frame:
        return _deep_png(image, path)
    if image.format == 'AVIF' and not is_frame:
        return _deep_avif(path)
    if image.format == 'PPM' and image.mode == 'F':
        samples = np.array(image)
        return Picture(samples[..., None], None, float(white_of(samples, None)))
    if image.format == 'PPM':
        return _deep_ppm(path)
    return None


def _deep_png(image: Image.Image, path: Path) -> Picture:
    from imagecodecs import png_decode

    samples = png_decode(path.read_bytes())
    samples = samples.reshape(*samples.shape[:2], -1)
    white, alpha = None, None
    if samples.shape[2] in (2, 4):
        samples, alpha = samples[..., :-1].copy(), samples[..., -1].copy()
    elif 'transparency' in image.info:
        clear = np.all(samples == np.array(image.info['transparency']), axis=2)
        alpha = np.where(clear, 0, 65535).astype(np.uint16)
    white = white_of(samples, None)
    if alpha is not None and alpha.max() > white:  # opacity has more bits than the colors
        samples, white = np.rint(samples * (65535 / white)).astype(np.uint16), 65535
    return Picture(samples, alpha, white)


def _deep_avif(path: Path) -> Picture | None:
    """Of 10 or 12 bits, which Pillow reads as 8; None of 8."""
    from imagecodecs import avif_decode

    data = path.read_bytes()
    flags = data[data.find(AVIF_CODING) + len(AVIF_CODING) + 2]
    if not flags & 0x40:
        return None
    samples = avif_decode(data)
    samples = samples.reshape(*samples.shape[:2], -1)
    white = 4095 if flags & 0x20 else 1023
    if samples.shape[2] in (1, 3):
        return Picture(samples, None, white)
    return Picture(samples[..., :-1].copy(), samples[..., -1].copy(), white)


def _deep_ppm(path: Path) -> Picture | None:
    """The numbers of a PGM or PPM file of 16 bits, which Pillow would scale; None of others."""
    data = path.read_bytes()
    kind, place = data[:2], 2
    if kind not in DEEP_PPM:
        return None
    words = []
    while len(words) < 3:
        word = re.compile(rb'(?:\s|#[^\n]*\n)*(\d+)').match(data, place)
        words.append(int(word[1]))
        place = word.end()
    width, height, white = words
    if white <= 255:
        return None
    channels = DEEP_PPM[kind]
    count = width * height * channels
    if kind in TEXT_PPM:
        samples = np.array(re.sub(rb'#[^\n]*', b'', data[place:]).split()[:count], np.int64)
    else:
        samples = np.frombuffer(data, '>u2', count, place + 1)
    samples = samples.reshape(height, width, channels)
    white_of(samples, white)
    return Picture(samples.astype(np.uint16), None, white)


def _metadata_of(
    image: Image.Image, path: Path, shape: tuple[int, ...]
) -> tuple[Metadata, tuple[str, ...]]:
    """All that a Pillow image says beside its picture, and what it says and is lost.

    Args:
        shape: of the samples, upright.
    """
    info, lost = image.info, ()
    kept = Metadata()
    exif, lost_there = tidy_exif(_exif_block(image), shape[1], shape[0])
    lost += lost_there
    if image.format in ('JPEG', 'MPO'):
        kept, lost_there = jpeg.segments_of(image)
        lost += (*lost_there, *_behind(image, path))
    elif image.format == 'PNG':
        kept, lost_there = _png_metadata(image, path)
        lost += lost_there
    elif image.format == 'AVIF' and 'icc_profile' not in info:
        numbers = _numbers_of_avif(path)
        kept = Metadata(hdr=numbers if numbers and numbers[1] in HDR else None)
    elif image.format == 'GIF':
        kept = Metadata(comment=info.get('comment', b''))
        lost += ('XMP',) if GIF_XMP in path.read_bytes() else ()
    elif image.format == 'BMP' and _has_bmp_profile(path):
        lost += ('color profile',)
    if _has_other_aspect(image):
        lost += ('shape of the pixels',)
    xmp = tidy_xmp(_xmp_packet(image))
    return replace(kept, exif=exif, xmp=xmp, dpi=_dpi(image, exif)), lost


def _xmp_packet(image: Image.Image) -> bytes:
    packet = image.info.get('xmp') or b''
    return packet if isinstance(packet, bytes) else packet.encode()


def _has_other_aspect(image: Image.Image) -> bool:
    """Whether pixels are said to be no squares, in no unit of length."""
    aspect = image.info.get('aspect', (1, 1))
    if image.info.get('jfif_unit') == 0:
        aspect = image.info['jfif_density']
    return aspect[0] != aspect[1]


def _has_bmp_profile(path: Path) -> bool:
    with open(path, 'rb') as file:
        head = file.read(74)
    return head[70:74] in BMP_PROFILES and int.from_bytes(head[14:18], 'little') >= 124


def _exif_block(image: Image.Image) -> bytes:
    block = image.info.get('exif', b'')
    if not block and image.format == 'PNG' and not set(EXIF_TEXTS).isdisjoint(image.info):
        block = image.getexif().tobytes()
    return block


def _dpi(image: Image.Image, exif: bytes) -> tuple[float, float] | None:
    """Pixels per inch. Pillow makes up 72 for a JPEG that does not say it."""
    dpi = image.info.get('dpi')
    has_own = image.format not in ('AVIF', 'WEBP')
    if image.format in ('JPEG', 'MPO'):
        has_own = image.info.get('jfif_unit', 0) in (1, 2)
    if not has_own:
        return resolution_of(tags_of_exif(exif)[0])
    if dpi is None or not all(dpi):
        return None
    return float(dpi[0]), float(dpi[1])


def _png_metadata(image: Image.Image, path: Path) -> tuple[Metadata, tuple[str, ...]]:
    text = {}
    for key, value in image.text.items():
        if key != XMP_TEXT and key not in EXIF_TEXTS:
            text[key] = value
    chunks, lost, texts = [], [], 0
    for kind, content in chunks_of(path):
        texts += kind in TEXT_CHUNKS
        if kind in KEPT_CHUNKS:
            chunks.append((kind, content))
        elif kind not in RENEWED_CHUNKS:
            lost.append(f'PNG chunk {kind.decode("latin-1")}')
    if texts > len(image.text):
        lost.append('texts of the same keyword')
    return Metadata(text=text, chunks=tuple(chunks)), tuple(dict.fromkeys(lost))


def _behind(image: Image.Image, path: Path) -> tuple[str, ...]:
    """What follows the first picture of a JPEG file."""
    behind = jpeg.behind_the_picture(path).strip(b'\0')
    if not behind:
        return ()
    if b'hdrgm' in (image.info.get('xmp') or b'') or b'HDRGainMap' in behind:
        return ('gain map',)
    if b'ftyp' in behind:
        return ('film behind the picture',)
    if image.format == 'MPO':
        return (f'{image.n_frames - 1} further pictures',)
    return ('data behind the picture',)
