"""A photograph with all that its file holds, and the way of its picture to sRGB and back."""

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from restorelab.io import color
from restorelab.io.images import to_uint8
from restorelab.io.metadata import Metadata

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class JpegCoding:
    """How a JPEG was compressed.

    Attributes:
        tables: quantization tables by number, 64 values each, in rows.
        subsampling: of the chroma as Pillow counts it: 0 is 4:4:4, 1 is 4:2:2, 2 is 4:2:0.
        progressive: whether it is refined in several scans.
    """

    tables: dict[int, tuple[int, ...]]
    subsampling: int
    progressive: bool = False


@dataclass(frozen=True, eq=False)
class Photo:
    """One picture, upright, and all that its file says beside it.

    Attributes:
        samples: (H, W, 1) gray or (H, W, 3) color; uint8, uint16 or float32, in the color space of
            ``profile``.
        alpha: (H, W) of the type and white of ``samples``, or None. The colors below it are
            straight, not premultiplied.
        white: the sample value of white: 255, 65535, 4095, ... and 1.0 for floats.
        format: Pillow's name of the format, or ``RAW``.
        profile: the ICC profile of ``samples``; None means sRGB.
        metadata: the rest of the file; orientations in it are 1.
        jpeg: how it was compressed, of a JPEG.
        lost: what the file has and this photo could not take, in short phrases.
        lossless: whether the file holds its samples exactly.
    """

    samples: np.ndarray
    alpha: np.ndarray | None = None
    white: float = 255
    format: str = 'PNG'
    profile: bytes | None = None
    metadata: Metadata = field(default_factory=Metadata)
    jpeg: JpegCoding | None = None
    lost: tuple[str, ...] = ()
    lossless: bool = True

    def __post_init__(self):
        kinds = ('uint8', 'uint16', 'float32')
        shape, kind = self.samples.shape, self.samples.dtype.name
        if len(shape) != 3 or shape[2] not in (1, 3) or kind not in kinds:
            raise TypeError(
                f'samples of a photo are {kind} {shape}; wanted are uint8, uint16 or float32 of '
                '(H, W, 1) or (H, W, 3)'
            )
        if self.alpha is not None and (self.alpha.shape, self.alpha.dtype) != (
            shape[:2],
            self.samples.dtype,
        ):
            raise TypeError(
                f'alpha of a photo is {self.alpha.dtype} {self.alpha.shape}; wanted is '
                f'{kind} {shape[:2]}, as the samples'
            )

    @property
    def is_gray(self) -> bool:
        return self.samples.shape[2] == 1

    @property
    def is_srgb(self) -> bool:
        """Whether no conversion of colors is needed."""
        return color.is_srgb(self.profile)

    def save(self, path: str | os.PathLike) -> tuple[str, ...]:
        """Write it to ``path``, whose extension names the format.

        Returns: what the format could not hold, in short phrases.
        Raises: ValueError for an extension that is not written, OSError naming the file.
        """
        from restorelab.io.writing import write_photo

        return write_photo(path, self)

    def to_pil(self) -> 'Image.Image':
        """A Pillow image: L, LA, RGB, RGBA, I;16 or F. Colors of more than 8 bits get 8."""
        from restorelab.io.pillow import pil_of_photo

        return pil_of_photo(self)

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        """uint8 (H, W, 3), sRGB, as a screen shows it."""
        levels = to_uint8(self.to_srgb())
        return levels if dtype is None else levels.astype(dtype)

    def to_srgb(self) -> np.ndarray:
        """(H, W, 3) in sRGB: uint8 where the samples are uint8, else float32 in [0, 1]."""
        height, width = self.samples.shape[:2]
        kind = np.uint8 if self.samples.dtype == np.uint8 else np.float32
        result = np.empty((height, width, 3), kind)
        for band in color.bands(height, width):
            result[band] = self._band_in_srgb(band)
        return result

    def _band_in_srgb(self, band: slice) -> np.ndarray:
        samples = self.samples[band]
        if samples.dtype != np.uint8:
            samples = self._unit(samples)
        if self.is_srgb:
            return samples  # one channel of gray is repeated where it is stored
        return color.to_srgb(samples, self.profile, samples.dtype.name)

    def _unit(self, samples: np.ndarray) -> np.ndarray:
        """float32 in [0, 1]."""
        return samples.astype(np.float32) / np.float32(self.white)

    def with_srgb(self, restored: np.ndarray) -> 'Photo':
        """A photo whose picture is ``restored``; all else is this one's.

        With a profile only the change is taken over: the new samples are the old ones plus the
        difference of ``restored`` and ``to_srgb()``, both converted back. So colors that sRGB
        cannot hold survive where the picture did not change. Without one, ``restored`` becomes
        the samples.

        A gray photo takes the mean of the three channels. Each of them is an estimate of the same
        gray, and the mean has the least noise; luma weights are for channels that differ.

        Args:
            restored: (H, W, 3) in sRGB, uint8, or floats in [0, 1].
        Raises: TypeError for another shape or type.
        """
        shape = (*self.samples.shape[:2], 3)
        if restored.shape != shape or not (
            restored.dtype == np.uint8 or np.issubdtype(restored.dtype, np.floating)
        ):
            raise TypeError(
                f'a restored picture is {restored.dtype} {restored.shape}; wanted is uint8 or '
                f'float32 in [0, 1] of {shape}'
            )
        samples = np.empty_like(self.samples)
        for band in color.bands(*shape[:2]):
            samples[band] = self._changed_band(restored[band], band)
        return replace(self, samples=samples)

    def _changed_band(self, restored: np.ndarray, band: slice) -> np.ndarray:
        if restored.dtype == np.uint8:
            restored = restored.astype(np.float32) / np.float32(255)
        else:
            restored = np.clip(np.nan_to_num(restored.astype(np.float32)), 0, 1)
        if self.is_gray:
            # in double precision the mean of three equal numbers is that number
            mean = restored.mean(axis=2, keepdims=True, dtype=np.float64).astype(np.float32)
            restored = np.repeat(mean, 3, axis=2)
        channels = self.samples.shape[2]
        if self.is_srgb:
            return self._levels(restored[..., :channels])
        before = self._band_in_srgb(band)
        if before.dtype == np.uint8:
            before = before.astype(np.float32) / np.float32(255)
        change = color.from_srgb(restored, self.profile, channels)
        change -= color.from_srgb(before, self.profile, channels)
        return self._levels(self._unit(self.samples[band]) + change)

    def _levels(self, unit: np.ndarray) -> np.ndarray:
        """Of the type of the samples."""
        if self.samples.dtype == np.float32:
            return np.clip(unit, 0, 1)
        return np.rint(np.clip(unit, 0, 1) * np.float32(self.white)).astype(self.samples.dtype)
