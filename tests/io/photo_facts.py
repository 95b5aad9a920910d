"""What an image file holds, read by other libraries and in other ways than restorelab does."""

from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import tifffile
from PIL import Image, ImageOps, IptcImagePlugin

from restorelab.io.png import chunks_of

# Tags that say how or in which size the samples are stored, or point at others.
OF_STORAGE = {254, 256, 257, 258, 259, 262, 273, 274, 277, 278, 279, 281, 284, 317, 320, 338, 339}
OF_STORAGE |= {
    322,
    323,
    324,
    325,
    330,
    700,
    0x8769,
    0x8825,
    0x83BB,
    0x8649,
    0x8773,
    529,
    530,
    531,
    532,
}
RESOLUTION = {282, 283, 296}
SIZES = {0xA002, 0xA003}
ANIMATED = ('.png', '.gif', '.webp', '.avif')
LOSSY = {'JPEG', 'MPO', 'AVIF', 'HEIF'}


def facts_of(path: Path) -> dict:
    """What the file holds, by name; what it does not hold is not in it."""
    found = _tiff(path) if path.suffix == '.tif' else _others(path)
    return {key: value for key, value in found.items() if value not in (None, b'', {}, ())}


def _others(path: Path) -> dict:
    opened = pillow_heif.open_heif if path.suffix == '.heic' else Image.open
    image = opened(path)
    if path.suffix == '.heic':
        number, image = len(image), image.to_pillow()
    else:
        number = image.n_frames if path.suffix in ANIMATED else 1
    found = _exif(image.getexif())
    info = image.info
    found['pictures'] = number
    found['profile'] = info.get('icc_profile')
    xmp = info.get('xmp') or b''
    found['xmp'] = xmp.rstrip(b'\0')
    found['comment'] = info.get('comment')
    found['iptc'] = IptcImagePlugin.getiptcinfo(image) if path.suffix == '.jpg' else None
    if path.suffix in ('.png', '.bmp') or info.get('jfif_unit'):
        found['dpi'] = info.get('dpi') and tuple(round(side) for side in info['dpi'])
    if path.suffix == '.png':
        text = dict(image.text)
        text.pop('XML:com.adobe.xmp', None)
        found['text'] = text
        found['chunks'] = tuple(
            each for each in chunks_of(path) if each[0] in (b'gAMA', b'tIME', b'cICP')
        )
    if path.suffix == '.jpg':
        found['segments'] = tuple(each for each in image.applist if each[0] == 'APP5')
    if path.suffix == '.jpg' and image.mode != 'CMYK':
        found['progressive'] = info.get('progressive')
    if number > 1 and path.suffix in ANIMATED:
        durations = []
        for index in range(number):
            image.seek(index)
            image.load()
            durations.append(image.info['duration'])
        found['durations'], found['loop'] = tuple(durations), image.info.get('loop')
    return found


def _exif(exif: Image.Exif) -> dict:
    details, place = exif.get_ifd(0x8769), exif.get_ifd(0x8825)
    return dict(
        exif={tag: value for tag, value in exif.items() if tag not in OF_STORAGE | RESOLUTION},
        details={tag: value for tag, value in details.items() if tag not in SIZES},
        gps=dict(place),
        orientation=exif.get(274),
        preview=dict(exif.get_ifd(1)).get(513) and True,
    )


def _tiff(path: Path) -> dict:
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        exif = Image.Exif()
        exif.endian, exif.bigtiff = file.byteorder, file.is_bigtiff
        with open(path, 'rb') as opened:
            exif.load_from_fp(opened, page.offset)
            found = _exif(exif)
        tags = {tag.code: tag.value for tag in page.tags}
        found['profile'], found['xmp'], found['iptc'] = map(tags.get, (34675, 700, 33723))
        found['pictures'] = sum(not page.subfiletype for page in file.pages)
        if 282 in tags and tags.get(296) == 2:
            found['dpi'] = tuple(round(tags[tag][0] / tags[tag][1]) for tag in (282, 283))
        found['white'] = int(np.max(tags.get(281, 0))) or None
    return found


def pictures_of(path: Path) -> list[np.ndarray]:
    """Upright pixels of every picture, as deep as the file has them; RGB unless gray."""
    if path.suffix == '.tif':
        with tifffile.TiffFile(path) as file:
            wanted = [page.index for page in file.pages if not page.subfiletype]
        return [_tiff_page(path, index) for index in wanted]
    if path.suffix == '.heic':
        images = pillow_heif.open_heif(path, convert_hdr_to_8bit=False, hdr_to_16bit=False)
        return [np.asarray(image) for image in images]
    deep = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if deep is not None and deep.dtype == np.uint16:
        if deep.ndim == 3:
            deep = deep[..., [2, 1, 0, 3][: deep.shape[2]]]
        return [deep]
    pictures = []
    with Image.open(path) as image:
        number = image.n_frames if path.suffix in ANIMATED else 1
        for index in range(number):
            image.seek(index)
            pictures.append(_plain(ImageOps.exif_transpose(image)))
    return pictures


def _tiff_page(path: Path, index: int) -> np.ndarray:
    with tifffile.TiffFile(path) as file:
        page = file.pages[index]
        if page.bitspersample == 1 or page.photometric.name in (
            'PALETTE',
            'SEPARATED',
            'CIELAB',
            'YCBCR',
        ):
            with Image.open(path) as image:
                return _plain(image)
        pixels = page.asarray()
        if page.axes == 'SYX':
            pixels = pixels.transpose(1, 2, 0)
        if page.photometric.name == 'MINISWHITE':
            pixels = 255 - pixels
    return pixels


def _plain(image: Image.Image) -> np.ndarray:
    if image.mode == 'LAB':
        from PIL import ImageCms

        lab, srgb = ImageCms.createProfile('LAB'), ImageCms.createProfile('sRGB')
        image = ImageCms.profileToProfile(image, lab, srgb, outputMode='RGB')
    gray = image.mode in ('1', 'L', 'LA')
    if image.has_transparency_data:
        return np.asarray(image.convert('LA' if gray else 'RGBA'))
    return np.asarray(image.convert('L' if gray else 'RGB'))
