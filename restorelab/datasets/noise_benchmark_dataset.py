"""CBSD68 and its like with the exact noise of the three- and five-task benchmarks.

The benchmarks are those of AirNet, PromptIR and Perceive-IR.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from restorelab.datasets.base import Record, RestorationDataset
from restorelab.datasets.paired_dataset import folder_records
from restorelab.datasets.recipes import find_recipe
from restorelab.registry import DATASETS

SEED = 3407


@DATASETS.register_module()
class NoiseBenchmarkDataset(RestorationDataset):
    """Clean test images, each with every noise level.

    Each level is a degradation (``noise15``, ...), so it has its own row in the table of scores.

    Args:
        protocol: ``adair3``: images cropped to multiples of 16, one stream of noise for all of
            them; ``adair5``: whole images, each with its own noise.
        root, recipe: a set of clean images, see ``RecipeDataset``; sorted by name.
        sigmas: noise levels in gray levels. The numbers of ``adair3`` are those of the paper for
            (15, 25, 50) in this order only.
        pipeline: it ends with packing. Crops to multiples of 16 are made before it.
    Raises: ValueError for another protocol.
    """

    def __init__(
        self,
        protocol: str,
        root: str | Path,
        pipeline: Iterable[dict | Callable],
        recipe: str = 'cbsd68_test',
        sigmas: Sequence[int] = (15, 25, 50),
    ):
        if protocol not in ('adair3', 'adair5'):
            raise ValueError(f"the noise protocols are 'adair3' and 'adair5', not '{protocol}'")
        clean = folder_records('noise', None, Path(root).expanduser() / find_recipe(recipe).gt)
        records = []
        for sigma in sigmas:
            name = f'noise{sigma}'
            records += [replace(r, degradation=name, key=f'{r.key}_{name}') for r in clean]
        super().__init__(records, pipeline)
        self.protocol, self.sigmas, self.count = protocol, tuple(sigmas), len(clean)
        self.noisy: list[np.ndarray] | None = None  # all images of adair3, made at once

    def read(self, record: Record) -> dict:
        results = super().read(record)
        number = self.records.index(record)
        if self.protocol == 'adair5':
            level, place = divmod(number, self.count)
            results['lq'] = image_noise(results['gt'], place, self.sigmas[level])
            return results
        if self.noisy is None:  # its stream cannot be entered in the middle
            images = [center_crop(self.cache.read(r.gt)) for r in self.records[: self.count]]
            self.noisy = list(stream_noise(images, self.sigmas))
        results.update(lq=self.noisy[number], gt=center_crop(results['gt']))
        return results


def stream_noise(images: Iterable[np.ndarray], sigmas: Sequence[int]) -> Iterator[np.ndarray]:
    """Noisy versions (uint8) of ``images``: all with the first sigma, then all with the next.

    Protocol ``adair3``; sigma in gray levels. All come from one stream of seed 0, so each depends
    on the sizes of all images before it.
    """
    images, stream = list(images), np.random.RandomState(0)
    for sigma in sigmas:
        for image in images:
            yield truncated(image + sigma * stream.randn(*image.shape))


def image_noise(image: np.ndarray, number: int, sigma: int) -> np.ndarray:
    """The noisy version of image ``number``. Each sigma scales the same noise.

    Protocol ``adair5``; sigma in gray levels.
    """
    generator = torch.Generator().manual_seed(SEED + number)
    noise = torch.randn(3, *image.shape[:2], generator=generator).numpy().transpose(1, 2, 0)
    return truncated(image.astype(np.float32) + np.float32(sigma) * noise)


def truncated(noisy: np.ndarray) -> np.ndarray:
    """Values around 0..255 as uint8: cut off, not rounded, as in the benchmarks.

    On average this subtracts half a gray level.
    """
    return np.clip(noisy, 0, 255).astype(np.uint8)


def center_crop(image: np.ndarray, divisor: int = 16) -> np.ndarray:
    """The middle of (H, W, 3), with sides that are multiples of ``divisor``."""
    rows, cols = image.shape[0] % divisor, image.shape[1] % divisor
    top, left = rows // 2, cols // 2
    return image[top : image.shape[0] - (rows - top), left : image.shape[1] - (cols - left)]
