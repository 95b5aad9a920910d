"""Made files of every format, depth and color mode that photographs come in.

``lost`` is what reading the file and writing it again, in its own format, names: the empty set
where all survives.
"""

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, PngImagePlugin

from restorelab.io.png import chunk
from tests.io.image_cases import packed_12_bits

HEIGHT, WIDTH = 24, 40
P3 = imagecodecs.cms_profile(
    'rgb',
    whitepoint=[0.3127, 0.3290, 1.0],
    primaries=[0.680, 0.320, 1.0, 0.265, 0.690, 1.0, 0.150, 0.060, 1.0],
    gamma=2.2,
)
ADOBE_RGB = imagecodecs.cms_profile('adobergb')
SRGB = imagecodecs.cms_profile('srgb')
GRAY_GAMMA = imagecodecs.cms_profile('gray', gamma=1.8)
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    b'syntax-ns#"><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="1"'
    b' tiff:Make="Maker"/></rdf:RDF></x:xmpmeta>'
)
MAKER_NOTE = b'Maker\0' + bytes(range(40))
IPTC = b'\x1c\x02\x05\x00\x05Title' + b'\x1c\x02\x50\x00\x06Author'


def cmyk_profile() -> bytes:
    """An ICC profile of inks of which only the black one shows: the others are white."""
    grid = bytearray()
    for node in range(16):  # two steps of each ink, of which black turns fastest
        grid += bytes([0 if node & 1 else 255, 128, 128])  # L*, a*, b*
    identity = struct.pack('>9i', 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table = b'mft1' + bytes(4) + bytes([4, 3, 2, 0]) + identity
    table += bytes(range(256)) * 4 + bytes(grid) + bytes(range(256)) * 3
    white = b'XYZ ' + bytes(4) + struct.pack('>3i', 63190, 65536, 54061)
    size = 128 + 4 + 2 * 12 + len(white) + len(table) + len(table) % 2
    header = struct.pack('>I4sI4s4s4s', size, bytes(4), 0x02400000, b'prtr', b'CMYK', b'Lab ')
    header += bytes(12) + b'acsp' + bytes(28) + struct.pack('>3i', 63190, 65536, 54061)
    start = 128 + 4 + 2 * 12
    tags = struct.pack('>I', 2) + struct.pack('>4sII', b'wtpt', start, len(white))
    tags += struct.pack('>4sII', b'A2B0', start + len(white), len(table))
    return header.ljust(128, b'\0') + tags + white + table + bytes(len(table) % 2)


def ramp(channels: int = 3) -> np.ndarray:
    """float64 (HEIGHT, WIDTH, channels) in [0, 1], smooth, so that JPEG keeps it."""
    across, down = np.meshgrid(np.linspace(0, 1, WIDTH), np.linspace(0, 1, HEIGHT))
    planes = [across, down, (across + down) / 2, 0.2 + 0.7 * across]
    return np.stack(planes[:channels], axis=2)


def levels(channels: int = 3, bits: int = 8) -> np.ndarray:
    return np.rint(ramp(channels) * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)


COLOR, GRAY = levels(3), levels(1)[..., 0]
RGBA, LA = levels(4), np.dstack([GRAY, levels(4)[..., 3]])


def exif(orientation: int = 1, preview: bool = False) -> bytes:
    """With GPS and the notes of a maker; in big-endian order, as many cameras write it."""
    block = Image.Exif()
    block.endian = '>'
    block[0x010F], block[0x0110], block[0x0112] = 'Maker', 'Model', orientation
    block[0x013B] = 'Author'
    details = block.get_ifd(0x8769)
    details[0x9003], details[0x927C] = '2024:05:06 07:08:09', MAKER_NOTE
    details[0xA002], details[0xA003] = HEIGHT, WIDTH
    details[0x829A] = 0.004
    place = block.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = 'N', (48.0, 8.0, 15.5), 'E', (11.0, 34.0, 0.0)
    data = block.tobytes()
    return with_preview(data) if preview else data


def with_preview(block: bytes) -> bytes:
    """An EXIF block, big-endian, with a small JPEG in it."""
    buffer = io.BytesIO()
    Image.new('RGB', (8, 8), 'red').save(buffer, 'JPEG')
    small, data = buffer.getvalue(), bytearray(block[6:])
    first = struct.unpack('>I', data[4:8])[0]
    link = first + 2 + 12 * struct.unpack('>H', data[first : first + 2])[0]
    struct.pack_into('>I', data, link, len(data))
    start = len(data) + 2 + 2 * 12 + 4
    data += struct.pack('>H', 2) + struct.pack('>HHII', 513, 4, 1, start)
    data += struct.pack('>HHII', 514, 4, 1, len(small)) + bytes(4) + small
    return b'Exif\0\0' + bytes(data)


def iptc_segment(preview: bytes = b'') -> bytes:
    content = b'Photoshop 3.0\0' + resource(0x0404, IPTC)
    return segment(0xED, content + (resource(0x040C, preview) if preview else b''))


def resource(kind: int, content: bytes) -> bytes:
    data = b'8BIM' + struct.pack('>H', kind) + bytes(2) + struct.pack('>I', len(content)) + content
    return data + bytes(len(content) % 2)


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack('>BBH', 0xFF, marker, len(content) + 2) + content


class PhotoCase(NamedTuple):
    name: str
    make: Callable[[Path], Path]  # folder -> the file in it
    lost: set[str] = set()
    variables: dict[str, str] = {}
    frames: int = 1


def pillow(array: np.ndarray, name: str, mode: str | None = None, **options) -> Callable:
    def make(folder: Path) -> Path:
        image = Image.fromarray(array)
        (image.convert(mode) if mode else image).save(folder / name, **options)
        return folder / name

    return make


def png(array: np.ndarray, texts: dict[str, str] | None = None, **options) -> Callable:
    def make(folder: Path) -> Path:
        info = PngImagePlugin.PngInfo()
        for key, text in (texts or {}).items():
            info.add_text(key, text)
        info.add_itxt('Ort', 'München', 'de', 'Ort')
        if 'xmp' in options:
            info.add_itxt('XML:com.adobe.xmp', options.pop('xmp').decode())
        Image.fromarray(array).save(folder / 'a.png', pnginfo=info, **options)
        return folder / 'a.png'

    return make


def deep_png(array: np.ndarray) -> Callable:
    def make(folder: Path) -> Path:
        (folder / 'a.png').write_bytes(imagecodecs.png_encode(np.ascontiguousarray(array)))
        return folder / 'a.png'

    return make


def tiff(*pages: np.ndarray, **options) -> Callable:
    def make(folder: Path) -> Path:
        with tifffile.TiffWriter(folder / 'a.tif') as file:
            for page in pages:
                file.write(page, metadata=None, **options)
        return folder / 'a.tif'

    return make


def palette(clear: int | None = None, name: str = 'a.png') -> Callable:
    def make(folder: Path) -> Path:
        image = Image.fromarray(COLOR).quantize(16)
        image.save(folder / name, **({} if clear is None else {'transparency': clear}))
        return folder / name

    return make


def animation(name: str, **options) -> Callable:
    def make(folder: Path) -> Path:
        frames = [Image.fromarray(np.roll(COLOR, 7 * n, axis=1)).quantize(64) for n in range(3)]
        frames = [frame.convert('RGB') for frame in frames]
        frames[0].save(
            folder / name,
            save_all=True,
            append_images=frames[1:],
            duration=[100, 200, 300],
            loop=3,
            **options,
        )
        return folder / name

    return make


def portable(array: np.ndarray, kind: str, maximum: int, name: str) -> Callable:
    def make(folder: Path) -> Path:
        header = f'{kind}\n# a comment\n{WIDTH} {HEIGHT}\n{maximum}\n'.encode()
        (folder / name).write_bytes(header + array.tobytes())
        return folder / name

    return make


def text_pgm(folder: Path) -> Path:
    numbers = ' '.join(map(str, levels(1, 16).ravel()))
    header = f'P2 # of gray\n{WIDTH} {HEIGHT} 65535\n'
    (folder / 'a.pgm').write_text(f'{header}# the numbers\n{numbers}\n')
    return folder / 'a.pgm'


def mpo(folder: Path) -> Path:
    images = [Image.fromarray(COLOR), Image.fromarray(COLOR[:, ::-1].copy())]
    images[0].save(folder / 'a.jpg', 'MPO', save_all=True, append_images=images[1:], quality=95)
    return folder / 'a.jpg'


def gain_map(folder: Path) -> Path:
    """A JPEG with a second picture that brightens it on HDR screens."""
    images = [Image.fromarray(COLOR), Image.fromarray(GRAY)]
    xmp = XMP.replace(b'tiff:Make="Maker"', b'hdrgm:Version="1.0"')
    options = dict(save_all=True, append_images=images[1:], quality=95, xmp=xmp)
    images[0].save(folder / 'a.jpg', 'MPO', **options)
    return folder / 'a.jpg'


def heif_pages(folder: Path) -> Path:
    import pillow_heif

    file = pillow_heif.HeifFile()
    for array in (COLOR, COLOR[:, ::-1]):
        file.add_frombytes('RGB', (WIDTH, HEIGHT), array.tobytes())
    file.save(folder / 'a.heic', quality=95, chroma=444)
    return folder / 'a.heic'


def with_tail(tail: bytes) -> Callable:
    def make(folder: Path) -> Path:
        path = pillow(COLOR, 'a.jpg', quality=95)(folder)
        path.write_bytes(path.read_bytes() + tail)
        return path

    return make


def heif(array: np.ndarray, mode: str, **info) -> Callable:
    def make(folder: Path) -> Path:
        import pillow_heif

        size = array.shape[1::-1]
        image = pillow_heif.from_bytes(mode, size, np.ascontiguousarray(array).tobytes())
        image[0].info.update(info)
        image.save(folder / 'a.heic', quality=95, chroma=444)
        return folder / 'a.heic'

    return make


def big_endian_tiff(folder: Path) -> Path:
    text = [(315, 2, None, 'Author', True), (33432, 2, None, 'all rights', True)]
    samples = levels(3, 16)
    options = dict(photometric='rgb', metadata=None, resolution=(72, 72), resolutionunit='INCH')
    tifffile.imwrite(folder / 'a.tif', samples, byteorder='>', extratags=text, **options)
    return folder / 'a.tif'


def big_tiff(folder: Path) -> Path:
    options = dict(photometric='rgb', metadata=None, iccprofile=P3, description='a description')
    tifffile.imwrite(folder / 'a.tif', COLOR, bigtiff=True, **options)
    return folder / 'a.tif'


def thumbnail_and_page(folder: Path) -> Path:
    with tifffile.TiffWriter(folder / 'a.tif') as file:
        file.write(COLOR, photometric='rgb', metadata=None, subifds=1)
        file.write(COLOR[::2, ::2], photometric='rgb', metadata=None, subfiletype=1)
        file.write(COLOR[::4, ::4], photometric='rgb', metadata=None, subfiletype=1)
    return folder / 'a.tif'


def with_chunks(*chunks: tuple[bytes, bytes]) -> Callable:
    def make(folder: Path) -> Path:
        path = pillow(COLOR, 'a.png')(folder)
        data = path.read_bytes()
        made = b''.join(chunk(kind, content) for kind, content in chunks)
        path.write_bytes(data[:33] + made + data[33:])
        return path

    return make


def fractions(*values: float) -> tuple[int, ...]:
    pairs = []
    for value in values:
        pairs += [round(value * 10000), 10000]
    return tuple(pairs)


def dng(name: str) -> Callable:
    """A raw file as cameras write it: a red picture for viewing comes first, then the sensor's."""

    def make(folder: Path) -> Path:
        across = np.mgrid[:64, :96][1]
        sensor = (200 + 3500 * across / 96).astype(np.uint16)
        small = np.full((16, 24, 3), (255, 0, 0), np.uint8)
        identity = fractions(1, 0, 0, 0, 1, 0, 0, 0, 1)
        camera = [
            (50706, 1, 4, bytes([1, 4, 0, 0]), True),
            (50708, 2, None, 'Maker Model', True),
            (50721, 10, 9, identity, True),
            (50728, 5, 3, fractions(1, 1, 1), True),
            (271, 2, None, 'Maker', True),
            (274, 3, 1, 6, True),
        ]
        filters = [
            (33421, 3, 2, (2, 2), True),
            (33422, 1, 4, bytes([0, 1, 1, 2]), True),
            (50714, 4, 1, 200, True),
            (50717, 4, 1, 4095, True),
        ]
        with tifffile.TiffWriter(folder / name) as file:
            options = dict(photometric='rgb', subfiletype=1, subifds=1, metadata=None)
            file.write(small, extratags=camera, **options)
            file.write(sensor, photometric=32803, metadata=None, extratags=filters)
        return folder / name

    return make


FULL = dict(icc_profile=P3, dpi=(300, 300))

JPEGS = [
    PhotoCase(
        'JPEG with all that a camera writes',
        pillow(
            COLOR,
            'a.jpg',
            quality=95,
            exif=exif(6, preview=True),
            xmp=XMP.replace(b'Orientation="1"', b'Orientation="6"'),
            comment=b'a comment',
            extra=iptc_segment(),
            **FULL,
        ),
        {'embedded preview'},
    ),
    *(
        PhotoCase(f'JPEG turned by {n}', pillow(COLOR, 'a.jpg', quality=95, exif=exif(n)))
        for n in (2, 3, 4, 5, 7, 8)
    ),
    PhotoCase('gray JPEG', pillow(GRAY, 'a.jpg', quality=92)),
    PhotoCase('gray JPEG, gray profile', pillow(GRAY, 'a.jpg', icc_profile=GRAY_GAMMA)),
    PhotoCase('CMYK JPEG', pillow(COLOR, 'a.jpg', 'CMYK', quality=95), {'CMYK'}),
    PhotoCase('progressive JPEG', pillow(COLOR, 'a.jpg', progressive=True, quality=91)),
    PhotoCase('JPEG 4:2:0', pillow(COLOR, 'a.jpg', subsampling=2, quality=93)),
    PhotoCase('JPEG 4:2:2', pillow(COLOR, 'a.jpg', subsampling=1, quality=93)),
    PhotoCase('JPEG 4:4:4', pillow(COLOR, 'a.jpg', subsampling=0, quality=93)),
    PhotoCase('coarse JPEG', pillow(COLOR, 'a.jpg', quality=40)),
    PhotoCase('JPEG in sRGB, said', pillow(COLOR, 'a.jpg', icc_profile=SRGB)),
    PhotoCase(
        'JPEG with segments of others', pillow(COLOR, 'a.jpg', extra=b'\xff\xe5\0\x08others')
    ),
    PhotoCase(
        'JPEG with content credentials',
        pillow(COLOR, 'a.jpg', extra=segment(0xEB, b'JP\0\1credentials')),
        {'content credentials'},
    ),
    PhotoCase(
        'JPEG with a preview of Photoshop',
        pillow(COLOR, 'a.jpg', extra=iptc_segment(b'a preview')),
        {'embedded preview'},
    ),
    PhotoCase('JPEG with a gain map', gain_map, {'gain map'}),
    PhotoCase('MPO', mpo, {'1 further pictures'}),
    PhotoCase('JPEG and a film', with_tail(b'\0\0\0\x18ftypmp42film'), {'film behind the picture'}),
    PhotoCase('JPEG and something', with_tail(b'something'), {'data behind the picture'}),
    PhotoCase(
        'JPEG with a damaged profile',
        pillow(COLOR, 'a.jpg', icc_profile=b'damaged' * 50),
        {'damaged color profile'},
    ),
    PhotoCase(
        'JPEG with the profile of a gray one',
        pillow(COLOR, 'a.jpg', icc_profile=GRAY_GAMMA),
        {'color profile of another space (GRAY)'},
    ),
]

PNGS = [
    PhotoCase(
        'PNG with all',
        png(COLOR, {'Title': 'a', 'Author': 'b' * 2000}, exif=exif(8), xmp=XMP, **FULL),
    ),
    PhotoCase('gray PNG', png(GRAY)),
    PhotoCase('PNG with alpha', png(RGBA, **FULL)),
    PhotoCase('gray PNG with alpha', png(LA)),
    PhotoCase('PNG of 1 bit', pillow(GRAY, 'a.png', '1')),
    PhotoCase('PNG with a palette', palette()),
    PhotoCase('PNG with a palette and a clear color', palette(3)),
    PhotoCase('PNG with a clear color', pillow(COLOR, 'a.png', transparency=(0, 0, 0))),
    PhotoCase('PNG of 16 bits', deep_png(levels(3, 16))),
    PhotoCase('gray PNG of 16 bits', deep_png(levels(1, 16)[..., 0])),
    PhotoCase('PNG of 16 bits with alpha', deep_png(levels(4, 16))),
    PhotoCase('gray PNG of 16 bits with alpha', deep_png(levels(4, 16)[..., 2:])),
    PhotoCase(
        'PNG of 12 bits in 16',
        deep_png(levels(3, 12)),
        variables={'RESTORELAB_SAMPLE_BITS': '12'},
    ),
    PhotoCase(
        'PNG with chunks',
        with_chunks(
            (b'gAMA', b'\0\0\xb1\x8f'), (b'tIME', b'\x07\xe8\5\6\7\x08\x09'), (b'prVt', b'x')
        ),
        {'PNG chunk prVt'},
    ),
    PhotoCase('animated PNG', animation('a.png'), frames=3),
]

TIFFS = [
    PhotoCase(
        'TIFF with all',
        tiff(
            COLOR,
            photometric='rgb',
            iccprofile=P3,
            resolution=(300, 300),
            resolutionunit='INCH',
            description='a description',
            extratags=[(700, 1, len(XMP), XMP, True), (33723, 7, len(IPTC), IPTC, True)],
        ),
    ),
    PhotoCase('gray TIFF', tiff(GRAY)),
    PhotoCase('gray TIFF, white is zero', tiff(GRAY, photometric='miniswhite')),
    PhotoCase('TIFF with alpha', tiff(RGBA, photometric='rgb', extrasamples=['unassalpha'])),
    PhotoCase(
        'TIFF of 16 bits with alpha',
        tiff(levels(4, 16), photometric='rgb', extrasamples=['unassalpha']),
    ),
    PhotoCase('TIFF of 16 bits', tiff(levels(3, 16), photometric='rgb', iccprofile=ADOBE_RGB)),
    PhotoCase('gray TIFF of 16 bits', tiff(levels(1, 16)[..., 0])),
    PhotoCase('TIFF in planes', tiff(levels(3, 16).transpose(2, 0, 1), photometric='rgb')),
    PhotoCase('TIFF in tiles', tiff(COLOR, photometric='rgb', tile=(16, 16))),
    PhotoCase('TIFF, LZW', tiff(COLOR, photometric='rgb', compression='lzw', predictor=True)),
    PhotoCase('TIFF, JPEG', tiff(COLOR, photometric='rgb', compression='jpeg')),
    PhotoCase('TIFF in big-endian order', big_endian_tiff),
    PhotoCase('BigTIFF', big_tiff),
    PhotoCase('TIFF of floats', tiff(ramp().astype(np.float32), photometric='rgb')),
    PhotoCase('gray TIFF of floats', tiff(ramp(1)[..., 0].astype(np.float32))),
    PhotoCase(
        'TIFF of 12 bits in 16',
        tiff(levels(3, 12), photometric='rgb', extratags=[(281, 3, 3, (4095, 4095, 4095), True)]),
    ),
    PhotoCase('packed TIFF of 12 bits', packed_12_bits),
    PhotoCase('TIFF of pages', tiff(COLOR, COLOR[::-1], photometric='rgb'), frames=2),
    PhotoCase('TIFF with previews', thumbnail_and_page, {'embedded preview', 'embedded pictures'}),
    PhotoCase('CMYK TIFF', pillow(COLOR, 'a.tif', 'CMYK'), {'CMYK'}),
    PhotoCase('TIFF in L*a*b*', pillow(COLOR, 'a.tif', 'LAB'), {'L*a*b* colors'}),
    PhotoCase('TIFF in YCbCr', pillow(COLOR, 'a.tif', 'YCbCr')),
    PhotoCase('TIFF with a palette', palette(name='a.tif')),
    PhotoCase('TIFF of 1 bit', pillow(GRAY, 'a.tif', '1')),
]

OTHERS = [
    PhotoCase(
        'WebP, lossless',
        pillow(COLOR, 'a.webp', lossless=True, exif=exif(6), xmp=XMP, icc_profile=P3),
    ),
    PhotoCase('WebP, lossy', pillow(COLOR, 'a.webp', quality=95)),
    PhotoCase('WebP with alpha', pillow(RGBA, 'a.webp', lossless=True, exact=True)),
    PhotoCase('animated WebP', animation('a.webp', lossless=True), frames=3),
    PhotoCase('animated AVIF', animation('a.avif', quality=95), frames=3),
    PhotoCase('GIF', palette(name='a.gif')),
    PhotoCase('animated GIF', animation('a.gif', comment=b'a comment'), frames=3),
    PhotoCase('BMP', pillow(COLOR, 'a.bmp', dpi=(300, 300))),
    PhotoCase('gray BMP', pillow(GRAY, 'a.bmp')),
    PhotoCase('PPM', portable(COLOR, 'P6', 255, 'a.ppm')),
    PhotoCase('PPM of 12 bits', portable(levels(3, 12).astype('>u2'), 'P6', 4095, 'a.ppm')),
    PhotoCase('PGM of 16 bits', portable(levels(1, 16).astype('>u2'), 'P5', 65535, 'a.pgm')),
    PhotoCase(
        'HEIC',
        heif(COLOR, 'RGB', exif=exif()[6:], xmp=XMP, icc_profile=P3, icc_profile_type='prof'),
    ),
    PhotoCase('HEIC of pages', heif_pages, frames=2),
    PhotoCase('HEIC with alpha', heif(RGBA, 'RGBA')),
    PhotoCase('gray HEIC', heif(GRAY, 'L')),
    PhotoCase('HEIC of 10 bits', heif(levels(3, 16), 'RGB;16')),
    PhotoCase('AVIF', pillow(COLOR, 'a.avif', quality=95, exif=exif(6), xmp=XMP, icc_profile=P3)),
    PhotoCase('AVIF with alpha', pillow(RGBA, 'a.avif', quality=95)),
]

CASES = [*JPEGS, *PNGS, *TIFFS, *OTHERS]
