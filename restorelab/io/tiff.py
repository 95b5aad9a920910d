"""TIFF files of 8, 16 and 32 bits, their pages and all of their tags."""

import mmap
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from restorelab.io.frames import Frames
from restorelab.io.metadata import (
    ORIENTATION,
    PREVIEW,
    Metadata,
    exif_of_tags,
    iptc_fields,
    resolution_of,
    resolution_tags,
    tags_of_exif,
    tidy_exif,
    tidy_resources,
    tidy_xmp,
)
from restorelab.io.opening import check_pixels
from restorelab.io.photo import Photo
from restorelab.io.pictures import (
    SIDEWAYS,
    Picture,
    picture_of_8_bits,
    turned,
    with_profile,
)
from restorelab.io.sample_depth import MAX_SAMPLE_VALUE, WHITES, unknown_white, white_of
from restorelab.io.tiff_tags import (
    EXIF,
    GPS,
    Entry,
    Layout,
    dump_tree,
    layout_of,
    read_directory,
    read_inner,
)

SUBFILE, SUB_DIRECTORIES, XMP, IPTC, PHOTOSHOP, PROFILE = 254, 330, 700, 33723, 34377, 34675
LAYERS = 37724
REDUCED, MASK = 1, 4  # bits of SUBFILE
# Tags of how the samples are stored; the writer makes its own. Others describe the picture.
STORAGE = {254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281}
STORAGE |= {284, 288, 289, 290, 291, 292, 293, 297, 317, 320, 321, 322, 323, 324, 325, 330, 332}
STORAGE |= {334, 336, 338, 339, 340, 341, 342, 343, 347, *range(512, 522), 529, 530, 531, 532}
STORAGE |= {XMP, IPTC, PHOTOSHOP, PROFILE, EXIF, GPS}
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB = 0, 1, 2  # photometric interpretations
SIGNED, FLOATS = 2, 3  # of SampleFormat
PREMULTIPLIED, STRAIGHT = 1, 2  # of ExtraSamples


def read_tiff(path: Path) -> Frames:
    """Every page but the previews of others. Raises: what the readers raise."""
    import tifffile

    photos = []
    with (
        open(path, 'rb') as opened,
        mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data,
        tifffile.TiffFile(path) as file,
    ):
        pages = list(file.pages)
        wanted = [page for page in pages if not page.subfiletype & (REDUCED | MASK)] or pages[:1]
        for page in wanted:
            photos.append(_photo_of(page, path, data))
        if len(wanted) < len(pages):
            lost = (*photos[0].lost, PREVIEW)
            photos[0] = replace(photos[0], lost=tuple(dict.fromkeys(lost)))
    return Frames(photos, kind='pages' if len(photos) > 1 else 'picture')


def _photo_of(page, path: Path, data: mmap.mmap) -> Photo:
    check_pixels(page.imagewidth, page.imagelength)
    for start, length in zip(page.dataoffsets, page.databytecounts, strict=True):
        if start + length > len(data):
            raise ValueError(f'the file ends inside of its samples, at {len(data)} bytes')
    layout = layout_of(data)
    tags, _, _ = read_directory(data, page.offset, layout)
    picture, orientation = _picture_of(page, path, tags)
    samples = turned(picture.samples, orientation)
    metadata, lost = _metadata_of(data, tags, layout, samples.shape)
    if orientation in SIDEWAYS and metadata.dpi is not None:
        metadata = replace(metadata, dpi=metadata.dpi[::-1])
    return Photo(
        samples=samples,
        alpha=None if picture.alpha is None else turned(picture.alpha, orientation),
        white=float(picture.white),
        format='TIFF',
        profile=picture.profile,
        metadata=metadata,
        lost=(*picture.lost, *lost),
    )


def _picture_of(page, path: Path, tags: dict[int, Entry]) -> tuple[Picture, int]:
    """The samples, and the orientation that they still have."""
    profile = tags[PROFILE].data if PROFILE in tags else None
    bits = page.bitspersample
    bits = max(bits) if isinstance(bits, tuple) else bits
    if page.sampleformat == SIGNED or (bits == 32 and page.sampleformat != FLOATS):
        raise unknown_white(page.sampleformat == SIGNED, bits)
    if bits in (1, 2, 4) or page.photometric not in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB):
        return _pillow_picture(path, page.index, profile), 1
    orientation = tags[ORIENTATION].numbers()[0] if ORIENTATION in tags else 1
    return with_profile(_tifffile_picture(page, tags, bits), profile), orientation


def _pillow_picture(path: Path, index: int, profile: bytes | None) -> Picture:
    """Of palettes, CMYK, L*a*b*, YCbCr and less than 8 bits. Pillow turns it."""
    with Image.open(path, formats=['TIFF']) as image:
        image.seek(index)
        image.load()
        return picture_of_8_bits(image, profile)


def _tifffile_picture(page, tags: dict[int, Entry], bits: int) -> Picture:
    samples, lost = page.asarray(), ()
    if page.axes == 'SYX':
        samples = samples.transpose(1, 2, 0)
    elif page.axes not in ('YX', 'YXS'):
        raise ValueError(f'a TIFF of the axes {page.axes}; wanted is one plane of gray or color')
    samples = samples.reshape(*samples.shape[:2], -1)
    if samples.dtype == np.float64:
        lost = ('64-bit floats',)
    if np.issubdtype(samples.dtype, np.floating):
        samples = samples.astype(np.float32)
    channels = 3 if page.photometric == RGB else 1
    own, extra = samples[..., :channels], samples[..., channels:]
    white = 255 if bits == 8 else white_of(own, _stated_white(tags, bits))
    if page.photometric == WHITE_IS_ZERO:
        own = (white - own).astype(own.dtype)
    alpha, lost_there = None, ()
    if extra.shape[2]:
        own, alpha, lost_there = _opacity(own, extra, page.extrasamples, white)
    return Picture(np.ascontiguousarray(own), alpha, white, (*lost, *lost_there))


def _stated_white(tags: dict[int, Entry], bits: int) -> int | None:
    if 8 < bits < 16:
        return 2**bits - 1
    stated = max(tags[MAX_SAMPLE_VALUE].numbers(), default=0) if MAX_SAMPLE_VALUE in tags else 0
    return stated if stated in WHITES else None


def _opacity(own: np.ndarray, extra: np.ndarray, kinds: tuple, white: float):
    """(straight colors, alpha or None, what is lost) of the channels after the colors."""
    kind = int(kinds[0]) if kinds else 0
    if kind not in (PREMULTIPLIED, STRAIGHT):
        return own, None, ('extra channels',)
    alpha = np.ascontiguousarray(extra[..., 0])
    if kind == PREMULTIPLIED:
        straight = own.astype(np.float64) * white / np.maximum(alpha, 1e-9)[..., None]
        straight = np.where(alpha[..., None] > 0, np.minimum(straight, white), 0)
        own = straight if own.dtype == np.float32 else np.rint(straight)
        own = own.astype(extra.dtype)
    return own, alpha, ('extra channels',) if extra.shape[2] > 1 else ()


def _metadata_of(
    data: mmap.mmap, tags: dict[int, Entry], layout: Layout, shape: tuple[int, ...]
) -> tuple[Metadata, tuple[str, ...]]:
    described = {tag: entry for tag, entry in tags.items() if tag not in (*STORAGE, LAYERS)}
    inner = read_inner(data, tags, layout)
    exif, lost = tidy_exif(exif_of_tags(described, inner), shape[1], shape[0])
    resources = tags[PHOTOSHOP].data if PHOTOSHOP in tags else b''
    iptc, lost_there = tidy_resources(resources, tags[IPTC].data if IPTC in tags else b'')
    lost += lost_there
    if LAYERS in tags:
        lost += ('layers of Photoshop',)  # of the picture before it was restored
    if SUB_DIRECTORIES in tags:
        lost += ('embedded pictures',)
    xmp = tidy_xmp(tags[XMP].data) if XMP in tags else b''
    return Metadata(exif=exif, xmp=xmp, iptc=iptc, dpi=resolution_of(described)), lost


def write_tiff(path: Path, photos: list[Photo]) -> None:
    """One page a photo, compressed without loss."""
    import tifffile

    with tifffile.TiffWriter(path) as file:
        for photo in photos:
            _write_page(file, photo)
    _add_tags(path, photos)


def _write_page(file, photo: Photo) -> None:
    samples, options = photo.samples, {}
    if photo.alpha is not None:
        samples = np.concatenate([samples, photo.alpha[..., None]], axis=2)
        options['extrasamples'] = ['unassalpha']
    elif photo.is_gray:
        samples = samples[..., 0]
    if photo.samples.dtype == np.uint16 and photo.white != 65535:
        count = 1 if photo.is_gray else 3
        values = (int(photo.white),) * count
        options['extratags'] = [
            (MAX_SAMPLE_VALUE, 3, count, values if count > 1 else values[0], True)
        ]
    file.write(
        samples,
        photometric='minisblack' if photo.is_gray else 'rgb',
        planarconfig='contig' if samples.ndim == 3 else None,
        compression='adobe_deflate',
        predictor=True,
        iccprofile=photo.profile,
        metadata=None,
        software=False,
        **options,
    )


def _add_tags(path: Path, photos: list[Photo]) -> None:
    """Append the directories anew, with the tags that tifffile cannot write.

    The old directories stay in the file, and nothing refers to them.
    """
    with open(path, 'r+b') as file:
        pointer = 4  # where the place of the first directory is written
        for photo in photos:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                layout = layout_of(data)
                place = struct.unpack('<I', data[pointer : pointer + 4])[0]
                tags, following, _ = read_directory(data, place, layout)
                size = len(data)
            tags = {**_page_tags(photo), **{tag: tags[tag] for tag in tags if tag in STORAGE}}
            start = size + size % 2
            tree, outer = dump_tree(tags, tags_of_exif(photo.metadata.exif)[1], start, following)
            file.seek(start)
            file.write(tree)
            file.seek(pointer)
            file.write(struct.pack('<I', outer))
            file.flush()
            pointer = outer + 2 + 12 * struct.unpack_from('<H', tree, outer - start)[0]


def _page_tags(photo: Photo) -> dict[int, Entry]:
    """What describes the picture, as tags."""
    metadata = photo.metadata
    tags, _ = tags_of_exif(metadata.exif)
    tags = {tag: entry for tag, entry in tags.items() if tag not in STORAGE}
    if metadata.dpi is not None:
        tags.update(resolution_tags(metadata.dpi))
    if metadata.xmp:
        tags[XMP] = Entry(1, len(metadata.xmp), metadata.xmp)
    if metadata.iptc:
        tags[PHOTOSHOP] = Entry(1, len(metadata.iptc), metadata.iptc)
        fields = iptc_fields(metadata.iptc)
        if fields:
            tags[IPTC] = Entry(7, len(fields), fields)
    return tags
