"""Photographs into files, with all that their format has room for."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from restorelab.io import jpeg
from restorelab.io.extras import HEIF_EXTENSIONS, missing
from restorelab.io.fitting import alike, fit
from restorelab.io.formats import FORMATS, Format, format_of
from restorelab.io.frames import Frames
from restorelab.io.opening import writing
from restorelab.io.photo import Photo
from restorelab.io.png import SIGNATURE, chunk, chunks_of
from restorelab.utils.files import atomic_path

JPEG_QUALITY, LOSSY_WEBP_QUALITY, AVIF_QUALITY = 95, 95, 90
XMP_TEXT = 'XML:com.adobe.xmp'
LONG_TEXT = 1024  # characters; longer texts of a PNG are compressed
# PNG chunks that say what the ones spliced in replace, or that the pixels need.
OF_PIXELS = (b'IHDR', b'PLTE', b'tRNS', b'IDAT', b'IEND')
GIF_COLORS = 256
OF_PAGES = ('TIFF', 'HEIF')  # formats whose pictures may differ in all


def write_photo(path: str | Path, photo: Photo) -> tuple[str, ...]:
    """Write a photo. When the disk is full, an earlier file at ``path`` stays whole.

    Returns: what the format, which the extension names, could not hold, in short phrases.
    Raises:
        ValueError: for an extension that is not written.
        OSError: naming the file, with the ``errno`` of the cause.
    """
    return write_frames(path, Frames([photo]))


def write_frames(path: str | Path, frames: Frames) -> tuple[str, ...]:
    """Write all pictures of ``frames`` into one file, as ``write_photo`` does.

    Equal frames that follow each other may be stored as one of their durations together.

    Raises: as ``write_photo``; ValueError also for several pictures in a format of one, and for
        pictures of several sizes in one of animations.
    """
    path = Path(path)
    form = format_of(check_photo_extension(path, len(frames.photos)))
    fitted, lost = [], []
    photos = frames.photos
    if form.name not in OF_PAGES:
        _check_sizes(path, photos)
        photos = alike(photos)
    for photo in photos:
        photo, lost_there = fit(photo, form)
        fitted.append(photo)
        lost += lost_there
    if len(fitted) > 1 and frames.durations is not None and not form.durations:
        lost.append('durations')
    with writing(path), atomic_path(path) as temporary:
        lost += _write(temporary, form, Frames(fitted, frames.durations, frames.loop, frames.kind))
    return tuple(dict.fromkeys(lost))


def _check_sizes(path: Path, photos: list[Photo]) -> None:
    sizes = {photo.samples.shape[:2] for photo in photos}
    if len(sizes) > 1:
        raise ValueError(
            f'{path}: pictures of {len(sizes)} sizes are not written into one {path.suffix}; '
            'choose .tif, whose pages may differ'
        )


def check_photo_extension(path: str | Path, pictures: int = 1) -> str:
    """The lower-case extension of ``path``.

    Args:
        pictures: how many the file is to hold.
    Raises: ValueError that lists the extensions that are written, or how to install what is
        missing.
    """
    extension = Path(path).suffix.lower()
    form = format_of(extension)
    if form is None or (pictures > 1 and not form.frames):
        wanted = [each for each in written_extensions() if pictures == 1 or format_of(each).frames]
        what = 'photographs are' if pictures == 1 else f'{pictures} pictures in one file are'
        raise ValueError(
            f"{path}: {what} not written as '{extension}'; choose one of {', '.join(wanted)}"
        )
    fault = missing('pillow_heif') if extension in HEIF_EXTENSIONS else None
    if fault is not None:
        raise ValueError(f'{path}: {fault}')
    return extension


def written_extensions() -> tuple[str, ...]:
    """What this installation writes."""
    extensions = []
    for form in FORMATS:
        if form.name != 'HEIF' or missing('pillow_heif') is None:
            extensions += form.extensions
    return tuple(sorted(extensions))


def _write(path: Path, form: Format, frames: Frames) -> tuple[str, ...]:
    """Returns: what the coding of the pixels lost."""
    from restorelab.io.heif import write_heif
    from restorelab.io.tiff import write_tiff

    photo = frames.photos[0]
    if form.name == 'TIFF':
        write_tiff(path, frames.photos)
    elif form.name == 'HEIF':
        write_heif(path, frames.photos)
    elif form.name == 'PNG':
        _write_png(path, frames)
    elif form.name == 'GIF':
        return _write_gif(path, frames)
    elif form.name == 'JPEG':
        pillow_image(photo).save(path, 'JPEG', **_jpeg_options(photo))
    elif form.name == 'PPM':
        _write_ppm(path, photo)
    elif form.name == 'BMP':
        # without a resolution Pillow would write one of 96 dpi
        pillow_image(photo).save(path, 'BMP', dpi=photo.metadata.dpi or (0, 0))
    else:
        images = [pillow_image(each) for each in frames.photos]
        images[0].save(path, form.name, **_web_options(form, photo), **_timing(frames, images))
    return ()


def pillow_image(photo: Photo) -> Image.Image:
    """Of a photo of 8 bits: L, LA, RGB or RGBA."""
    samples = photo.samples
    if photo.alpha is not None:
        samples = np.concatenate([samples, photo.alpha[..., None]], axis=2)
    return Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)


def _timing(frames: Frames, images: list[Image.Image]) -> dict:
    """Pillow's options for an animation; none for one picture. Once is the default to show it."""
    if len(images) == 1:
        return {}
    options = dict(save_all=True, append_images=images[1:], loop=frames.loop or 0)
    if frames.durations is not None:
        options['duration'] = [round(each) for each in frames.durations]
        options['loop'] = 1 if frames.loop is None else frames.loop
    return options


def _jpeg_options(photo: Photo) -> dict:
    """The coding of the input where it is fine enough, and the metadata."""
    metadata, coding = photo.metadata, photo.jpeg
    if coding is None:
        options = dict(quality=JPEG_QUALITY, subsampling=0)
    elif jpeg.fine_tables(coding.tables):
        tables = [list(coding.tables[key]) for key in sorted(coding.tables)]
        options = dict(qtables=tables, subsampling=coding.subsampling)
    else:
        options = dict(quality=jpeg.QUALITY, subsampling=coding.subsampling)
    if metadata.dpi is not None:
        options['dpi'] = metadata.dpi
    segments = b''.join(metadata.segments)
    if metadata.iptc:
        segments += jpeg.photoshop_segments(metadata.iptc)
    return options | dict(
        progressive=coding is not None and coding.progressive,
        exif=jpeg.EXIF_PREFIX + metadata.exif if metadata.exif else b'',
        xmp=metadata.xmp,
        comment=metadata.comment,
        icc_profile=photo.profile,
        extra=segments,
    )


def _web_options(form: Format, photo: Photo) -> dict:
    """Of WebP and AVIF."""
    options = dict(exif=photo.metadata.exif, xmp=photo.metadata.xmp)
    if photo.profile is not None:
        options['icc_profile'] = photo.profile
    if form.name == 'AVIF':
        return options | dict(quality=AVIF_QUALITY, subsampling='4:4:4')
    if photo.format == 'WEBP' and not photo.lossless:
        return options | dict(quality=LOSSY_WEBP_QUALITY, exact=True)
    return options | dict(lossless=True, exact=True)


def _write_png(path: Path, frames: Frames) -> None:
    photo = frames.photos[0]
    if len(frames.photos) > 1:
        images = [pillow_image(each) for each in frames.photos]
        buffer = io.BytesIO()
        images[0].save(buffer, 'PNG', **_timing(frames, images))
        pixels = buffer.getvalue()
    else:
        pixels = _png_pixels(photo)
    head_end = SIGNATURE + 25  # signature, and the chunk IHDR
    spliced = b''.join(chunk(kind, content) for kind, content in _png_chunks(photo))
    path.write_bytes(pixels[:head_end] + spliced + pixels[head_end:])


def _png_pixels(photo: Photo) -> bytes:
    """A PNG file of 8 or 16 bits without metadata; Pillow does not write color of 16 bits."""
    from imagecodecs import png_encode

    samples = photo.samples
    if photo.alpha is not None:
        samples = np.concatenate([samples, photo.alpha[..., None]], axis=2)
    return png_encode(samples[..., 0] if samples.shape[2] == 1 else samples)


def _png_chunks(photo: Photo) -> list[tuple[bytes, bytes]]:
    """The chunks of metadata, which Pillow makes for a tiny picture of the same photo."""
    metadata, texts = photo.metadata, PngImagePlugin.PngInfo()
    for key, value in metadata.text.items():
        long = len(value) > LONG_TEXT
        if isinstance(value, PngImagePlugin.iTXt):
            texts.add_itxt(key, value, value.lang or '', value.tkey or '', zip=long)
        else:
            texts.add_text(key, value, zip=long)
    if metadata.xmp:
        texts.add_itxt(XMP_TEXT, metadata.xmp.decode('utf-8', errors='replace'))
    options = dict(pnginfo=texts)
    if metadata.exif:
        options['exif'] = metadata.exif
    if metadata.dpi is not None:
        options['dpi'] = metadata.dpi
    if photo.profile is not None:
        options['icc_profile'] = photo.profile
    buffer = io.BytesIO()
    Image.new('L' if photo.is_gray else 'RGB', (1, 1)).save(buffer, 'PNG', **options)
    made = [each for each in chunks_of(buffer.getvalue()) if each[0] not in OF_PIXELS]
    if metadata.hdr is not None:  # in RGB, and in the full range
        made.append((b'cICP', bytes([*metadata.hdr, 0, 1])))
    return [*metadata.chunks, *made]


def _write_ppm(path: Path, photo: Photo) -> None:
    height, width, channels = photo.samples.shape
    kind = 'P5' if channels == 1 else 'P6'
    wide = photo.samples.dtype == np.uint16
    samples = photo.samples.astype('>u2') if wide else photo.samples
    with open(path, 'wb') as file:
        file.write(f'{kind}\n{width} {height}\n{int(photo.white)}\n'.encode())
        file.write(samples.tobytes())


def _write_gif(path: Path, frames: Frames) -> tuple[str, ...]:
    lost, images = [], []
    for photo in frames.photos:
        images.append(_with_palette(photo, lost))
    options = _timing(frames, images)
    if frames.loop is None:
        options.pop('loop', None)
    if any(round(each) % 10 for each in frames.durations or ()):
        lost.append('durations of less than 10 ms')
    if any(photo.alpha is not None for photo in frames.photos):
        options |= dict(transparency=GIF_COLORS - 1, disposal=2)
    comment = frames.photos[0].metadata.comment
    images[0].save(path, 'GIF', comment=comment, optimize=False, **options)
    return tuple(lost)


def _with_palette(photo: Photo, lost: list[str]) -> Image.Image:
    """Of 256 colors at most. With transparency the last number is the clear one."""
    if photo.is_gray and photo.alpha is None:
        return Image.fromarray(photo.samples[..., 0])
    color = np.ascontiguousarray(np.broadcast_to(photo.samples, (*photo.samples.shape[:2], 3)))
    clear = None
    if photo.alpha is not None:
        clear = photo.alpha < 128
        if not np.isin(photo.alpha, (0, 255)).all():
            lost.append('partial transparency')
        color = np.where(clear[..., None], 0, color).astype(np.uint8)
    room = GIF_COLORS if clear is None else GIF_COLORS - 1
    image = _exact_palette(color, room)
    if image is None:
        lost.append('more than 256 colors')
        image = Image.fromarray(color).quantize(room)
    if clear is None:
        return image
    numbers = np.where(clear, GIF_COLORS - 1, np.asarray(image)).astype(np.uint8)
    palette = image.getpalette()
    image = Image.fromarray(numbers)
    image.putpalette(palette + [0] * (3 * GIF_COLORS - len(palette)))
    return image


def _exact_palette(color: np.ndarray, room: int) -> Image.Image | None:
    """An image of a palette that has each color of uint8 (H, W, 3), or None with too many."""
    packed = color.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    colors, numbers = np.unique(packed, return_inverse=True)
    if len(colors) > room:
        return None
    image = Image.fromarray(numbers.reshape(packed.shape).astype(np.uint8))
    image.putpalette(
        np.stack([colors >> 16, colors >> 8 & 255, colors & 255], 1).astype(np.uint8).tobytes()
    )
    return image
