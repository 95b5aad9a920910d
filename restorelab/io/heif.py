"""HEIF pictures (``.heic``), with the library of the extra ``photos``."""

from pathlib import Path

import numpy as np

from restorelab.io.color import HDR, profile_of_primaries
from restorelab.io.extras import missing
from restorelab.io.frames import Frames
from restorelab.io.metadata import (
    PREVIEW,
    Metadata,
    resolution_of,
    tags_of_exif,
    tidy_exif,
    tidy_xmp,
)
from restorelab.io.opening import ImageReadError, check_pixels
from restorelab.io.photo import Photo
from restorelab.io.pictures import Picture, with_profile

QUALITY = 90


def read_heif(path: Path) -> Frames:
    """Every picture. Raises: ImageReadError without the library."""
    fault = missing('pillow_heif')
    if fault is not None:
        raise ImageReadError(f'{path}: {fault}')
    import pillow_heif

    file = pillow_heif.open_heif(path, convert_hdr_to_8bit=False, hdr_to_16bit=False)
    photos = [_photo_of(image) for image in file]
    return Frames(photos, kind='pages' if len(photos) > 1 else 'picture')


def _photo_of(image) -> Photo:
    width, height = image.size
    check_pixels(width, height)
    info = image.info
    samples = np.array(image)
    samples = samples.reshape(height, width, -1)
    white = 2 ** info['bit_depth'] - 1
    alpha = samples[..., -1].copy() if samples.shape[2] in (2, 4) else None
    if alpha is not None:
        samples = samples[..., :-1].copy()
    numbers = _numbers_of(info)
    profile = profile_of_primaries(*numbers) if numbers else info.get('icc_profile')
    picture = with_profile(Picture(samples, alpha, white), profile)
    exif, lost = tidy_exif(info.get('exif') or b'', width, height)
    return Photo(
        samples=picture.samples,
        alpha=alpha,
        white=float(white),
        format='HEIF',
        profile=picture.profile,
        metadata=Metadata(
            exif=exif,
            xmp=tidy_xmp((info.get('xmp') or b'').rstrip(b'\0')),
            dpi=resolution_of(tags_of_exif(exif)[0]),
            hdr=numbers if numbers and numbers[1] in HDR else None,
        ),
        lost=tuple(dict.fromkeys((*picture.lost, *lost, *_lost(info)))),
        lossless=False,
    )


def _lost(info: dict) -> list[str]:
    """What a file has beside its picture that is not kept."""
    lost = []
    if info['thumbnails']:
        lost.append(PREVIEW)
    if info['depth_images']:
        lost.append('depth map')
    for kind in info['aux']:
        lost.append('gain map' if 'gainmap' in kind.lower() else 'auxiliary picture')
    if info['metadata']:
        lost.append('further metadata')
    return lost


def _numbers_of(info: dict) -> tuple[int, int] | None:
    """Primaries and transfer characteristics (H.273), of pictures without a profile."""
    if 'nclx_profile' not in info:
        return None
    numbers = info['nclx_profile']
    return numbers['color_primaries'], numbers['transfer_characteristics']


def write_heif(path: Path, photos: list[Photo]) -> None:
    """With 10 bits where the photo has more than 8."""
    import pillow_heif

    file = pillow_heif.HeifFile()
    for photo in photos:
        file.add_frombytes(*_encoded(photo))
        info = file[len(file) - 1].info
        if photo.profile is not None:
            info['icc_profile'], info['icc_profile_type'] = photo.profile, 'prof'
        info['exif'] = photo.metadata.exif or None
        info['xmp'] = photo.metadata.xmp or None
    options = {}
    hdr = photos[0].metadata.hdr
    if hdr is not None:
        options = dict(color_primaries=hdr[0], transfer_characteristics=hdr[1])
    file.save(path, quality=QUALITY, chroma=444, format='HEIF', **options)


def _encoded(photo: Photo) -> tuple[str, tuple[int, int], bytes]:
    """The mode, the size and the bytes of a photo, as the library takes them."""
    samples = photo.samples
    if photo.alpha is not None:
        color = np.repeat(samples, 3, axis=2) if photo.is_gray else samples
        samples = np.concatenate([color, photo.alpha[..., None]], axis=2)
    mode = {1: 'L', 3: 'RGB', 4: 'RGBA'}[samples.shape[2]]
    if samples.dtype != np.uint8:
        samples = np.rint(samples * (65535 / photo.white)).astype(np.uint16)
        mode += ';16'
    height, width = samples.shape[:2]
    return mode, (width, height), np.ascontiguousarray(samples).tobytes()
