"""Transforms of a sample: dict in, dict out.

A sample holds ``lq`` and ``gt`` (uint8, (H, W, 3), RGB; either may be absent), ``task``, ``key``, ``path``,
``ori_shape`` and ``rng``, the only source of chance. What moves pixels treats ``lq`` and ``gt`` alike.
"""

import numpy as np
import torch
import torch.nn.functional as F

from restorelab.registry import TRANSFORMS
from restorelab.structures import RestorationSample
from restorelab.utils.images import equalize_channels

IMAGES = ('lq', 'gt')


def _images(results: dict) -> list[str]:
    """Names of the images that are there. Raises ValueError when they differ in size."""
    names = [name for name in IMAGES if name in results]
    shapes = {name: results[name].shape[:2] for name in names}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"sample '{results['key']}' ({results['path']}): lq and gt differ in size, {shapes}; "
                         'they must show the same pixels (ModCrop may help where only a border was cut off)')
    return names


def _pad_to(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Grow (H, W, 3) at the right and the bottom to at least this size, by reflection (any size, 1x1 too)."""
    down, right = max(0, height - image.shape[0]), max(0, width - image.shape[1])
    if not down and not right:
        return image
    return np.pad(image, ((0, down), (0, right), (0, 0)), mode='symmetric')


def _crop(results: dict, size: int, place) -> dict:
    for number, name in enumerate(_images(results)):
        image = _pad_to(results[name], size, size)
        if number == 0:
            top, left = place(image.shape[0] - size, image.shape[1] - size)
        results[name] = image[top:top + size, left:left + size]
    return results


@TRANSFORMS.register_module()
class RandomCrop:
    """A random square of ``size`` pixels; an image that is too small is continued by reflection first."""

    def __init__(self, size: int):
        self.size = size

    def __call__(self, results: dict) -> dict:
        rng = results['rng']
        return _crop(results, self.size, lambda rows, cols: (rng.integers(rows + 1), rng.integers(cols + 1)))


@TRANSFORMS.register_module()
class BlackFillCrop:
    """A random square of ``size`` pixels as DiffUIR's training cuts it; for its recipe alone, ``RandomCrop`` is better.

    What the image is too short for comes out black, and an image with no side above ``size`` is stretched to the
    square, which leaves float32 in about [0, 1] (bicubic, antialiased, overshoot kept).
    """

    def __init__(self, size: int):
        self.size = size

    def __call__(self, results: dict) -> dict:
        names = _images(results)
        height, width = results[names[0]].shape[:2]
        if max(height, width) <= self.size > min(height, width):
            return {**results, **{name: self._stretch(results[name]) for name in names}}
        left = results['rng'].integers(max(0, width - self.size) + 1)
        top = results['rng'].integers(max(0, height - self.size) + 1)
        for name in names:
            patch = results[name][top:top + self.size, left:left + self.size]
            below, right = self.size - patch.shape[0], self.size - patch.shape[1]
            results[name] = np.pad(patch, ((0, below), (0, right), (0, 0)))
        return results

    def _stretch(self, image: np.ndarray) -> np.ndarray:
        planes = _to_tensor(image)[None].float() / 255
        planes = F.interpolate(planes, (self.size, self.size), mode='bicubic', antialias=True)
        return planes[0].permute(1, 2, 0).numpy()


@TRANSFORMS.register_module()
class CenterCrop:
    """The central square of ``size`` pixels; an image that is too small is continued by reflection first."""

    def __init__(self, size: int):
        self.size = size

    def __call__(self, results: dict) -> dict:
        return _crop(results, self.size, lambda rows, cols: (rows // 2, cols // 2))


@TRANSFORMS.register_module()
class ModCrop:
    """Cut off the right and the bottom until both sides are multiples of ``divisor``.

    Raises: ValueError that names the sample when a side is shorter than ``divisor``.
    """

    def __init__(self, divisor: int):
        self.divisor = divisor

    def __call__(self, results: dict) -> dict:
        for name in (name for name in IMAGES if name in results):
            height, width = (side - side % self.divisor for side in results[name].shape[:2])
            if not height or not width:
                raise ValueError(f"sample '{results['key']}': {name} is {results[name].shape[0]}x"
                                 f'{results[name].shape[1]}, smaller than the divisor {self.divisor} of ModCrop')
            results[name] = results[name][:height, :width]
        return results


@TRANSFORMS.register_module()
class RandomFlip:
    """Mirror left-right with probability ``horizontal`` and top-down with probability ``vertical``."""

    def __init__(self, horizontal: float = 0.5, vertical: float = 0.0):
        self.horizontal, self.vertical = horizontal, vertical

    def __call__(self, results: dict) -> dict:
        mirror, turn_over = results['rng'].random(2) < (self.horizontal, self.vertical)
        for name in _images(results):
            image = results[name][:, ::-1] if mirror else results[name]
            results[name] = image[::-1] if turn_over else image
        return results


@TRANSFORMS.register_module()
class RandomTranspose:
    """Exchange rows and columns with probability ``prob``; with both flips this gives all eight turns of a square."""

    def __init__(self, prob: float = 0.5):
        self.prob = prob

    def __call__(self, results: dict) -> dict:
        if results['rng'].random() < self.prob:
            for name in _images(results):
                results[name] = results[name].swapaxes(0, 1)
        return results


@TRANSFORMS.register_module()
class ChannelHistEqualize:
    """Equalize the histogram of each channel separately (OpenCV's ``equalizeHist``), in the images named.

    Where it stands matters: after a crop it sees the patch alone. DiffUIR does it to low-light inputs.

    Args:
        keys: which images, of ``lq`` and ``gt``.  tasks: only samples of these tasks; None means all.
    """

    def __init__(self, keys: tuple[str, ...] = ('lq',), tasks: list[str] | None = None):
        if stray := set(keys) - set(IMAGES):
            raise ValueError(f'ChannelHistEqualize: keys {sorted(stray)}; a sample has the images {list(IMAGES)}')
        self.keys, self.tasks = keys, tasks

    def __call__(self, results: dict) -> dict:
        if self.tasks is None or results['task'] in self.tasks:
            for key in self.keys:
                results[key] = equalize_channels(results[key])
        return results


@TRANSFORMS.register_module()
class PackRestoration:
    """The last transform: ``dict(inputs=<uint8 (3, H, W) of lq>, data_samples=<RestorationSample>)``.

    The data sample holds ``gt`` (uint8 (3, H, W)) where there is one, and as meta ``key``, ``task``, ``path`` and
    ``ori_shape``. Raises: ValueError when lq and gt differ in size, KeyError when there is no lq.
    """

    def __call__(self, results: dict) -> dict:
        if 'lq' not in results:
            raise KeyError(f"sample '{results['key']}' has no degraded image 'lq'; put Degrade before PackRestoration, "
                           'or use a data set of pairs')
        _images(results)
        sample = RestorationSample(metainfo={name: results[name] for name in ('key', 'task', 'path', 'ori_shape')})
        if 'gt' in results:
            sample.gt = _to_tensor(results['gt'])
        return dict(inputs=_to_tensor(results['lq']), data_samples=sample)


def _to_tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(image.transpose(2, 0, 1), order='C'))
