"""CBSD68 and its like with the very noise of the three- and five-task benchmarks (AirNet, PromptIR, Perceive-IR)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from restorelab.datasets.base import Record, RestorationDataset
from restorelab.datasets.paired import folder_records
from restorelab.datasets.recipes import find_recipe
from restorelab.registry import DATASETS

SEED = 3407


def truncated(noisy: np.ndarray) -> np.ndarray:
    """uint8 of values around 0..255, cut off and not rounded, as the benchmarks have it: -0.5 levels on average."""
    return np.clip(noisy, 0, 255).astype(np.uint8)


def center_crop(image: np.ndarray, divisor: int = 16) -> np.ndarray:
    """The middle of (H, W, 3) with sides that are multiples of ``divisor``."""
    rows, cols = (side % divisor for side in image.shape[:2])
    return image[
        rows // 2 : image.shape[0] - (rows - rows // 2),
        cols // 2 : image.shape[1] - (cols - cols // 2),
    ]


def stream_noise(images: Iterable[np.ndarray], sigmas: Sequence[int]) -> Iterable[np.ndarray]:
    """Noisy versions (uint8) of ``images``: all at the first sigma, then all at the next, from one stream of seed 0.

    Protocol ``adair3``; sigma in grey levels. What comes depends on order and size of all images before.
    """
    images, stream = list(images), np.random.RandomState(0)
    for sigma in sigmas:
        for image in images:
            yield truncated(image + sigma * stream.randn(*image.shape))


def image_noise(image: np.ndarray, number: int, sigma: int) -> np.ndarray:
    """The noisy version of image ``number``: every sigma scales the same noise. Protocol ``adair5``."""
    generator = torch.Generator().manual_seed(SEED + number)
    noise = torch.randn(3, *image.shape[:2], generator=generator).numpy().transpose(1, 2, 0)
    return truncated(image.astype(np.float32) + np.float32(sigma) * noise)


@DATASETS.register_module()
class NoiseBenchmarkDataset(RestorationDataset):
    """Clean test images, each with every sigma as a degradation of its own (``noise15``, ...), so each is a column.

    Args:
        protocol: ``adair3``: images cropped to multiples of 16, one stream of noise for the whole set;
            ``adair5``: whole images, noise by image.
        root, recipe: a set of clean images, see ``RecipeDataset``; sorted by name.
        sigmas: in grey levels; ``adair3``'s numbers hold for the paper's (15, 25, 50) in this order.
        pipeline: ends in packing; crops to multiples of 16 are done here.
    Raises: ValueError for another protocol.
    """

    def __init__(
        self,
        protocol: str,
        root: str | Path,
        pipeline: Iterable[dict | Callable],
        recipe: str = 'cbsd68_test',
        sigmas: Sequence[int] = (15, 25, 50),
        cache_mib: float = 1024,
    ):
        if protocol not in ('adair3', 'adair5'):
            raise ValueError(f"the noise protocols are 'adair3' and 'adair5', not '{protocol}'")
        folder = Path(root).expanduser() / find_recipe(recipe).gt
        clean = folder_records('noise', None, folder)
        records = [
            replace(record, degradation=f'noise{sigma}', key=f'{record.key}_noise{sigma}')
            for sigma in sigmas
            for record in clean
        ]
        super().__init__(records, pipeline, cache_mib=cache_mib)
        self.protocol, self.sigmas, self.count = protocol, tuple(sigmas), len(clean)
        self.noisy: list[np.ndarray] | None = (
            None  # of adair3: the stream cannot be entered in the middle
        )

    def read(self, record: Record) -> dict:
        results = super().read(record)
        number = self.records.index(record)
        if self.protocol == 'adair5':
            results['lq'] = image_noise(
                results['gt'], number % self.count, self.sigmas[number // self.count]
            )
            return results
        if self.noisy is None:
            images = [
                center_crop(self.cache.read(entry.gt)) for entry in self.records[: self.count]
            ]
            self.noisy = list(stream_noise(images, self.sigmas))
        results.update(lq=self.noisy[number], gt=center_crop(results['gt']))
        return results
