"""Pillow images as photographs, and photographs as Pillow images."""

import numpy as np
from PIL import Image

from restorelab.io.images import ORIENTATION
from restorelab.io.metadata import EXIF_PREFIX, tidy_exif
from restorelab.io.photo import Photo
from restorelab.io.pictures import Picture, picture_of_8_bits, turned, with_profile
from restorelab.io.sample_depth import depth_of, white_of


def photo_of_pil(image: Image.Image) -> Photo:
    """The photo of a Pillow image of any mode, upright.

    Raises: ValueError for an image without pixels, and for samples whose white is unknown.
    """
    if 0 in image.size:
        raise ValueError(f'the image has no pixels ({image.width}x{image.height})')
    white = depth_of(image).white
    image.load()
    picture = _picture_of(image, white)
    orientation = image.getexif().get(ORIENTATION, 1)
    alpha = None if picture.alpha is None else turned(picture.alpha, orientation)
    return Photo(
        samples=turned(picture.samples, orientation),
        alpha=alpha,
        white=float(picture.white),
        format=image.format or 'PNG',
        profile=picture.profile,
        lost=picture.lost,
    )


def _picture_of(image: Image.Image, white: int | None) -> Picture:
    profile = image.info.get('icc_profile')
    if not image.mode.startswith(('I', 'F')):
        return picture_of_8_bits(image, profile)
    samples = np.asarray(image)
    kind = np.float32 if image.mode == 'F' else np.uint16
    picture = Picture(samples.astype(kind)[..., None], None, white_of(samples, white))
    return with_profile(picture, profile)


def pil_of_photo(photo: Photo, info: dict | None = None) -> Image.Image:
    """A Pillow image of mode L, LA, RGB, RGBA, I;16 or F.

    Pillow has no color of more than 8 bits: such a photo is rounded to 8.

    Args:
        info: of the Pillow image that the photo was made of. It is kept, but for an orientation
            in its EXIF, which was applied, and for what said how its palette was transparent.
    """
    samples, alpha = photo.samples, photo.alpha
    if photo.is_gray and samples.dtype != np.uint8 and alpha is None:
        image = Image.fromarray(samples[..., 0])
    else:
        planes = samples if alpha is None else np.concatenate([samples, alpha[..., None]], axis=2)
        if planes.dtype != np.uint8:
            planes = np.rint(planes.astype(np.float32) * (255 / photo.white)).astype(np.uint8)
        image = Image.fromarray(planes.squeeze(2) if planes.shape[2] == 1 else planes)
    image.info = {} if info is None else dict(info)
    image.info.pop('transparency', None)
    image.info.pop('icc_profile', None)
    if photo.profile is not None:
        image.info['icc_profile'] = photo.profile
    if image.info.get('exif'):
        block, _ = tidy_exif(image.info['exif'], image.width, image.height)
        image.info['exif'] = EXIF_PREFIX + block
    return image
