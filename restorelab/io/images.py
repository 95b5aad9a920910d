"""Image files as arrays of 8 bits, for training and for measuring.

Pillow reads them. Unlike OpenCV it knows the EXIF orientation, palettes and CMYK, and it notices
truncated files. Every reading error is an ``ImageReadError`` that begins with the name of the file.
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from restorelab.io.opening import PIXEL_LIMIT_VARIABLE as PIXEL_LIMIT_VARIABLE
from restorelab.io.opening import ImageReadError as ImageReadError
from restorelab.io.opening import reading, writing
from restorelab.io.png import check_samples
from restorelab.io.sample_depth import WHITE_12, WHITE_16, chosen_white, depth_of, to_8_bits
from restorelab.utils.files import atomic_path, fault_of_file

READ_EXTENSIONS = (
    '.bmp',
    '.gif',
    '.jfif',
    '.jpeg',
    '.jpg',
    '.pgm',
    '.png',
    '.ppm',
    '.tif',
    '.tiff',
    '.webp',
)
# JPEG without chroma subsampling, which would blur restored color edges again
WRITE_OPTIONS = {
    '.bmp': {},
    '.jpeg': dict(quality=95, subsampling=0),
    '.jpg': dict(quality=95, subsampling=0),
    '.png': {},
    '.tif': dict(compression='tiff_deflate'),
    '.tiff': dict(compression='tiff_deflate'),
    '.webp': dict(lossless=True),
}
ORIENTATION = 0x0112  # tag of EXIF


def read_image(path: str | os.PathLike) -> np.ndarray:
    """uint8 (H, W, 3), RGB, of an image file as a viewer shows it.

    - The EXIF orientation is applied.
    - Gray, palette and CMYK images become RGB.
    - 16-bit images, and float images in [0, 1], are scaled to 8 bits; ``sample_depth`` says what
      is white.
    - Transparent pixels are blended with white.
    - Of several frames the first is read.
    - Color profiles are ignored.

    Pillow refuses an image of more than 2 * ``PIL.Image.MAX_IMAGE_PIXELS`` pixels (178,956,970) as
    a decompression bomb. The environment variable ``RESTORELAB_MAX_PIXELS`` sets another limit.

    Raises: ImageReadError for any file that cannot be read, and for what is no regular file.
    """
    return _read(Path(path), to_rgb_array)


def image_size(path: str | os.PathLike) -> tuple[int, int]:
    """(H, W) of an image file as ``read_image`` gives it. No pixel is decoded.

    Raises: ImageReadError.
    """
    return _read(Path(path), _size_as_viewed)


def label_map_size(path: str | os.PathLike) -> tuple[int, int]:
    """(H, W) that ``read_label_map`` gives. No pixel is decoded. Raises: ImageReadError."""
    return _read(Path(path), _size_of_labels)


def read_label_map(path: str | os.PathLike) -> np.ndarray:
    """(H, W), uint8: the numbers in an image file of one channel. A palette is not looked up.

    Raises: ImageReadError, also for more channels and for numbers outside 0..255.
    """
    return _read(Path(path), _to_labels)


def _read(path: Path, convert: Callable[[Image.Image], object]):
    """``convert`` of the opened image. Raises: ImageReadError."""
    with reading(path), Image.open(path) as image:
        return convert(image)


def find_image_files(folder: str | os.PathLike) -> tuple[list[Path], list[str]]:
    """All image files below ``folder``, sorted by path, and what is none in spite of its name.

    Links to files count, links to folders are not followed. The second list has one line, ``<path>:
    <reason>``, for each broken link, loop of links, folder, FIFO, socket or device with the name of
    an image.
    """
    files, faults = [], []
    for path in sorted(Path(folder).rglob('*')):
        if path.suffix.lower() in READ_EXTENSIONS:
            fault = fault_of_file(path)
            if fault is None:
                files.append(path)
            else:
                faults.append(f'{path}: {fault}')
    return files, faults


def write_image(path: str | os.PathLike, image: np.ndarray) -> None:
    """Write uint8 (H, W, 3), RGB. When the disk is full, an earlier file at ``path`` stays whole.

    The extension names the format. JPEG is written at quality 95 without chroma subsampling; the
    other formats are lossless.

    Raises:
        ValueError: for an extension that is not in ``WRITE_OPTIONS``.
        TypeError: for another array.
        OSError: naming the file, with the ``errno`` of the cause.
    """
    path = Path(path)
    options = WRITE_OPTIONS[check_write_extension(path)]
    _check_is_rgb(image, path)
    with writing(path), atomic_path(path) as temporary:
        Image.fromarray(image).save(temporary, **options)


def check_write_extension(path: str | os.PathLike) -> str:
    """The lower-case extension of ``path``. Raises: ValueError that lists the known ones."""
    extension = Path(path).suffix.lower()
    if extension not in WRITE_OPTIONS:
        raise ValueError(
            f"{path}: images are not written as '{extension}'; choose one of "
            f'{", ".join(WRITE_OPTIONS)}'
        )
    return extension


def to_rgb_array(image: Image.Image) -> np.ndarray:
    """uint8 (H, W, 3), RGB, of a Pillow image of any mode, by the rules of ``read_image``.

    Raises: ValueError for an image without pixels, and for samples that ``sample_depth`` refuses.
    """
    depth = depth_of(image)
    image.load()
    check_png(image)
    if 0 in image.size:
        raise ValueError(f'the image has no pixels ({image.width}x{image.height})')
    if depth.deep and image.mode in ('RGB', 'RGBA', 'LA'):
        image = _deep_color(image, depth.white)
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(('I', 'F')):
        gray = to_8_bits(np.asarray(image), depth.white)
        return np.repeat(gray[..., None], 3, axis=2)
    if image.has_transparency_data:
        image = image.convert('RGBA')
        paper = Image.new('RGBA', image.size, 'white')
        image = Image.alpha_composite(paper, image)
    return np.array(image.convert('RGB'))


def check_png(image: Image.Image) -> None:
    """Raise ValueError for a loaded PNG file without a palette or samples that it needs."""
    if image.format == 'PNG' and image.mode == 'P' and not image.palette.palette:
        raise ValueError('the file has numbers of a palette, but no palette')
    _check_samples_of_png(image)


def _check_samples_of_png(image: Image.Image) -> None:
    """Pillow leaves missing samples black. So the file is only counted where it ends in black."""
    if image.format != 'PNG' or not image.filename or 0 in image.size:
        return
    right, bottom = image.size
    ends = np.asarray(image.crop((right - 1, max(0, bottom - 2), right, bottom)))
    if not all(np.any(end) for end in ends):  # the last two rows, which interlacing writes last
        check_samples(Path(image.filename))


def _deep_color(image: Image.Image, white: int | None) -> Image.Image:
    """A color image of 16 bits, of which Pillow gives the upper 8, scaled by its white.

    Raises: ValueError as ``to_8_bits``.
    """
    colors = np.asarray(image)
    if image.mode.endswith('A'):
        colors = colors[..., :-1]
    wanted = white or chosen_white()
    if wanted == WHITE_16 or (wanted is None and colors.max() > WHITE_12 >> 8):
        return image
    orientation = image.getexif().get(ORIENTATION, 1)
    if image.format == 'TIFF' and orientation != 1:  # OpenCV turns some of these
        raise ValueError('a turned TIFF of less than 16 bits in 16; save it with 8 bits')
    shallow = Image.fromarray(to_8_bits(_read_16_bits(image), white))
    if image.mode.endswith('A'):
        shallow.putalpha(image.getchannel('A'))
    shallow.getexif()[ORIENTATION] = orientation
    return shallow


def _read_16_bits(image: Image.Image) -> np.ndarray:
    """uint16 (H, W, 3), RGB, of a loaded image file, without its orientation."""
    import cv2

    flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    samples = cv2.imread(image.filename, flags) if image.filename else None
    if samples is None or samples.dtype != np.uint16:
        raise ValueError('16 bits a sample in a layout that is not read; save it with 8 bits')
    return samples[..., ::-1]


def _size_as_viewed(image: Image.Image) -> tuple[int, int]:
    turned = image.getexif().get(ORIENTATION) in (5, 6, 7, 8)
    return image.size if turned else image.size[::-1]


def _size_of_labels(image: Image.Image) -> tuple[int, int]:
    if image.mode not in ('1', 'L', 'P', 'I') and not image.mode.startswith('I;16'):
        raise ValueError(f'mode {image.mode}; wanted is one channel of integers')
    return image.size[::-1]


def _to_labels(image: Image.Image) -> np.ndarray:
    _size_of_labels(image)
    labels = np.asarray(image)
    _check_samples_of_png(image)
    if labels.size and not (labels.min() >= 0 and labels.max() <= 255):
        raise ValueError(
            f'labels from {labels.min()} to {labels.max()}; wanted are numbers from 0 to 255'
        )
    return labels.astype(np.uint8)


def equalize_channels(image: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) with the histogram of each channel equalized by OpenCV."""
    import cv2

    return cv2.merge([cv2.equalizeHist(channel) for channel in cv2.split(image)])


def to_unit_tensor(image: np.ndarray) -> Tensor:
    """uint8 (H, W, 3) -> float32 (3, H, W) in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float().div_(255)


def to_levels(image: Tensor) -> Tensor:
    """Floating (..., H, W) in [0, 1] -> uint8, rounded to the nearest level."""
    return (image * 255).round_().clamp_(0, 255).to(torch.uint8)


def to_uint8(image: Tensor | np.ndarray) -> np.ndarray:
    """An image in [0, 1] as uint8 (H, W, 3), clamped and rounded to the nearest level.

    ``image``: a float tensor (3, H, W), or a float array (H, W, 3). NaN becomes 0. A uint8 array is
    returned unchanged.
    """
    if isinstance(image, Tensor):
        image = image.detach().cpu().float().permute(1, 2, 0).numpy()
    if image.dtype == np.uint8:
        return image
    levels = np.nan_to_num(np.rint(np.clip(image, 0, 1) * 255))
    return np.ascontiguousarray(levels.astype(np.uint8))


def _check_is_rgb(image: np.ndarray, path: Path) -> None:
    if not isinstance(image, np.ndarray):
        kind = type(image).__name__
    elif image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        kind = f'{image.dtype} {image.shape}'
    else:
        return
    raise TypeError(
        f'{path}: write_image takes uint8 (H, W, 3) RGB, not {kind}; '
        'restorelab.io.images.to_uint8 converts a tensor'
    )
