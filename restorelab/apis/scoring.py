"""Scores of results against clean pictures of the same names."""

import os
from pathlib import Path

import numpy as np
import torch

from restorelab.io.images import ImageReadError, to_uint8
from restorelab.io.photo import Photo
from restorelab.io.photo_files import PHOTO_READ_EXTENSIONS, read_photo
from restorelab.utils.psnr import psnr


class References:
    """A folder of clean pictures, or none.

    Args:
        folder: its pictures have the relative names of the inputs; extensions may differ.
    Raises: FileNotFoundError when there is no such folder, or no picture in it.
    """

    def __init__(self, folder: str | os.PathLike | None = None):
        self._paths: dict[Path, Path] = {}
        if folder is None:
            return
        root = Path(folder)
        if not root.is_dir():
            raise FileNotFoundError(f'{root}: there is no such folder of clean pictures')
        for path in sorted(root.rglob('*')):
            if path.suffix.lower() in PHOTO_READ_EXTENSIONS and path.is_file():
                self._paths[path.relative_to(root).with_suffix('')] = path
        if not self._paths:
            raise FileNotFoundError(f'{root}: there is no picture in this folder')

    def score(self, name: Path, lq: Photo, restored: Photo) -> dict[str, float]:
        """PSNR (dB) of the input and of the result, RGB in 8 bits; empty without a clean picture.

        Raises: ImageReadError for a clean picture of another size.
        """
        path = self._paths.get(name.with_suffix(''))
        if path is None:
            return {}
        clean = _levels(read_photo(path))
        before, after = _levels(lq), _levels(restored)
        if clean.shape != after.shape:
            raise ImageReadError(
                f'{path}: the clean picture has {clean.shape[1]}x{clean.shape[0]} pixels, the '
                f'input {after.shape[1]}x{after.shape[0]}'
            )
        return dict(psnr_input=_decibels(before, clean), psnr=_decibels(after, clean))


def _levels(photo: Photo) -> np.ndarray:
    """uint8 (H, W, 3), sRGB."""
    return to_uint8(photo.to_srgb())


def _decibels(image: np.ndarray, clean: np.ndarray) -> float:
    """At most 100, since JSON has no infinity."""
    batches = [torch.from_numpy(each / 255).permute(2, 0, 1)[None] for each in (image, clean)]
    return round(float(psnr(*batches, floor=1e-10)), 3)
