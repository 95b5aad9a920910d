"""Transforms of a sample: dict in, dict out.

A sample holds ``lq`` and ``gt`` (uint8, (H, W, 3), RGB; either may be absent), ``degradation``, ``key``, ``path``,
``ori_shape`` and ``rng``, the only source of chance. What moves pixels treats ``lq`` and ``gt`` alike, and takes the
annotations along (``restorelab.datasets.geometry`` names them).
"""

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData, PixelData

from restorelab.datasets import geometry
from restorelab.datasets.geometry import IMAGES, image_names
from restorelab.registry import TRANSFORMS
from restorelab.structures import RestorationSample
from restorelab.utils.images import equalize_channels


def _crop(results: dict, size: int, place) -> dict:
    """Cut out the square that ``place(free rows, free columns)`` names."""
    geometry.grow(results, size, size)
    rows, cols = geometry.image_size(results)
    geometry.crop(results, *place(rows - size, cols - size), size, size)
    return results


@TRANSFORMS.register_module()
class RandomCrop:
    """A random square of ``size`` pixels; an image that is too small is continued first (``geometry.grow``).

    Args:
        size: side in pixels.
        objects: of up to ten squares take the first that holds an object, where the image has any.
    """

    def __init__(self, size: int, objects: bool = False):
        self.size, self.objects = size, objects

    def __call__(self, results: dict) -> dict:
        rng = results['rng']
        wanted = 10 if self.objects and len(results.get('boxes', ())) else 1
        for _ in range(wanted):
            cut = _crop(
                dict(results),
                self.size,
                lambda rows, cols: (rng.integers(rows + 1), rng.integers(cols + 1)),
            )
            if wanted == 1 or len(cut['boxes']):
                break
        return cut


@TRANSFORMS.register_module()
class BlackFillCrop:
    """A random square of ``size`` pixels as DiffUIR's training cuts it; for its recipe alone, ``RandomCrop`` is better.

    What the image is too short for comes out black, and an image with no side above ``size`` is stretched to the
    square, which leaves float32 in about [0, 1] (bicubic, antialiased, overshoot kept).
    """

    def __init__(self, size: int):
        self.size = size

    def __call__(self, results: dict) -> dict:
        names = image_names(results)
        height, width = results[names[0]].shape[:2]
        if max(height, width) <= self.size > min(height, width):
            return {**results, **{name: self._stretch(results[name]) for name in names}}
        left = results['rng'].integers(max(0, width - self.size) + 1)
        top = results['rng'].integers(max(0, height - self.size) + 1)
        for name in names:
            patch = results[name][top : top + self.size, left : left + self.size]
            below, right = self.size - patch.shape[0], self.size - patch.shape[1]
            results[name] = np.pad(patch, ((0, below), (0, right), (0, 0)))
        return results

    def _stretch(self, image: np.ndarray) -> np.ndarray:
        planes = _to_tensor(image)[None].float() / 255
        planes = F.interpolate(planes, (self.size, self.size), mode='bicubic', antialias=True)
        return planes[0].permute(1, 2, 0).numpy()


@TRANSFORMS.register_module()
class CenterCrop:
    """The central square of ``size`` pixels; an image that is too small is continued first (``geometry.grow``)."""

    def __init__(self, size: int):
        self.size = size

    def __call__(self, results: dict) -> dict:
        return _crop(results, self.size, lambda rows, cols: (rows // 2, cols // 2))


@TRANSFORMS.register_module()
class RandomResize:
    """Stretch by a random factor, the same for both sides, and the shorter side to at least ``smallest`` pixels.

    Args:
        scale: range that the factor is drawn from, uniformly.
        smallest: what a crop that follows needs; the factor is raised where it must be.
    """

    def __init__(self, scale: tuple[float, float] = (0.8, 1.3), smallest: int = 1):
        self.scale, self.smallest = scale, smallest

    def __call__(self, results: dict) -> dict:
        height, width = geometry.image_size(results)
        factor = max(results['rng'].uniform(*self.scale), self.smallest / min(height, width))
        geometry.resize(results, max(round(height * factor), 1), max(round(width * factor), 1))
        return results


@TRANSFORMS.register_module()
class Resize:
    """Stretch to ``size`` = (height, width) pixels, whatever the shape was."""

    def __init__(self, size: tuple[int, int]):
        self.size = size

    def __call__(self, results: dict) -> dict:
        geometry.resize(results, *self.size)
        return results


@TRANSFORMS.register_module()
class SemanticFromMasks:
    """Make a label map of the objects' masks: 0 for background, 1 + label elsewhere, later objects on top.

    Raises: KeyError for a sample without masks.
    """

    def __call__(self, results: dict) -> dict:
        if 'masks' not in results:
            raise KeyError(
                f"sample '{results['key']}' has no masks; read them with DetectionDataset(with_masks=True)"
            )
        labels = np.zeros(geometry.image_size(results), np.uint8)
        for mask, label in zip(results['masks'], results['labels'], strict=True):
            labels[mask > 0] = label + 1
        results['sem_seg'] = labels
        return results


@TRANSFORMS.register_module()
class LabelFromBoxes:
    """Make the class of the whole image that of its largest object.

    Raises: ValueError for a sample without an object.
    """

    def __call__(self, results: dict) -> dict:
        boxes = results['boxes']
        if not len(boxes):
            raise ValueError(
                f"sample '{results['key']}' shows no object, so it has no class; leave such images out "
                '(DetectionDataset(filter_empty=True)) and crop with RandomCrop(objects=True)'
            )
        areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
        results['label'] = int(results['labels'][areas.argmax()])
        return results


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
                raise ValueError(
                    f"sample '{results['key']}': {name} is {results[name].shape[0]}x"
                    f'{results[name].shape[1]}, smaller than the divisor {self.divisor} of ModCrop'
                )
            results[name] = results[name][:height, :width]
        if geometry.is_annotated(results):
            geometry.crop(results, 0, 0, *geometry.image_size(results))
        return results


@TRANSFORMS.register_module()
class CenterModCrop:
    """Cut both sides to multiples of ``divisor``, keeping the middle; an odd row or column more goes at the end.

    How AirNet, PromptIR and Perceive-IR prepare test images (``divisor=16``).
    Raises: ValueError that names the sample when a side is shorter than ``divisor``.
    """

    def __init__(self, divisor: int):
        self.divisor = divisor

    def __call__(self, results: dict) -> dict:
        rows, cols = geometry.image_size(results)
        if min(rows, cols) < self.divisor:
            raise ValueError(
                f"sample '{results['key']}': {rows}x{cols}, smaller than the divisor {self.divisor} of "
                'CenterModCrop'
            )
        top, left = rows % self.divisor // 2, cols % self.divisor // 2
        geometry.crop(results, top, left, rows - rows % self.divisor, cols - cols % self.divisor)
        return results


@TRANSFORMS.register_module()
class PositiveView:
    """Cut ``positive_lq``, a random square of ``lq`` with flips of its own, for losses that compare two views.

    Put it before the crop of the sample itself, and behind what degrades it: both views then show one degradation.

    Args:
        size: side in pixels.  flip: probability of each of the two flips.
    """

    def __init__(self, size: int, flip: float = 0.5):
        self.crop, self.flip = RandomCrop(size), RandomFlip(flip, flip)

    def __call__(self, results: dict) -> dict:
        view = dict(lq=results['lq'], key=results['key'], path=results['path'], rng=results['rng'])
        results['positive_lq'] = self.flip(self.crop(view))['lq']
        return results


@TRANSFORMS.register_module()
class RandomFlip:
    """Mirror left-right with probability ``horizontal`` and top-down with probability ``vertical``."""

    def __init__(self, horizontal: float = 0.5, vertical: float = 0.0):
        self.horizontal, self.vertical = horizontal, vertical

    def __call__(self, results: dict) -> dict:
        geometry.flip(results, *(results['rng'].random(2) < (self.horizontal, self.vertical)))
        return results


@TRANSFORMS.register_module()
class RandomTranspose:
    """Exchange rows and columns with probability ``prob``; with both flips this gives all eight turns of a square."""

    def __init__(self, prob: float = 0.5):
        self.prob = prob

    def __call__(self, results: dict) -> dict:
        if results['rng'].random() < self.prob:
            geometry.transpose(results)
        return results


@TRANSFORMS.register_module()
class ChannelHistEqualize:
    """Equalize the histogram of each channel separately (OpenCV's ``equalizeHist``), in the images named.

    Where it stands matters: after a crop it sees the patch alone. DiffUIR does it to low-light inputs.

    Args:
        keys: which images, of ``lq`` and ``gt``.  degradations: only samples of these degradations; None means all.
    """

    def __init__(self, keys: tuple[str, ...] = ('lq',), degradations: list[str] | None = None):
        if stray := set(keys) - set(IMAGES):
            raise ValueError(
                f'ChannelHistEqualize: keys {sorted(stray)}; a sample has the images {list(IMAGES)}'
            )
        self.keys, self.degradations = keys, degradations

    def __call__(self, results: dict) -> dict:
        if self.degradations is None or results['degradation'] in self.degradations:
            for key in self.keys:
                results[key] = equalize_channels(results[key])
        return results


@TRANSFORMS.register_module()
class PackRestoration:
    """The last transform: ``dict(inputs=<uint8 (3, H, W) of lq>, data_samples=<RestorationSample>)``.

    The data sample holds ``gt``, ``rendered`` and ``positive_lq`` (uint8 (3, H, W)) where there are such, and as meta
    ``key``, ``degradation``, ``path``, ``ori_shape`` and, where known, ``fold``. Annotations get the names that they have in
    OpenMMLab: ``gt_instances`` and ``ignored_instances`` with ``bboxes`` (N, 4), ``labels`` (N,) and, where they were
    read, ``masks`` (N, H, W); ``gt_sem_seg.sem_seg`` (1, H, W); ``gt_label`` (); and as meta ``img_id`` and ``task``.
    Raises: ValueError when lq and gt differ in size, KeyError when there is no lq.
    """

    def __call__(self, results: dict) -> dict:
        if 'lq' not in results:
            raise KeyError(
                f"sample '{results['key']}' has no degraded image 'lq'; put Degrade before PackRestoration, "
                'or use a data set of pairs'
            )
        image_names(results)
        known = [name for name in ('fold', 'img_id', 'task') if name in results]
        named = ['key', 'degradation', 'path', 'ori_shape', *known]
        sample = RestorationSample(metainfo={name: results[name] for name in named})
        for name in ('gt', 'rendered', 'positive_lq'):
            if name in results:
                sample.set_field(_to_tensor(results[name]), name)
        if 'boxes' in results:
            sample.gt_instances = _instances(results, ~results['ignore'])
            sample.ignored_instances = _instances(results, results['ignore'])
        if 'sem_seg' in results:
            labels = torch.from_numpy(results['sem_seg'].astype(np.int64))
            sample.gt_sem_seg = PixelData(sem_seg=labels[None])
        if 'label' in results:
            sample.gt_label = torch.tensor(results['label'])
        return dict(inputs=_to_tensor(results['lq']), data_samples=sample)


def _instances(results: dict, chosen: np.ndarray) -> InstanceData:
    instances = InstanceData(
        bboxes=torch.from_numpy(np.float32(results['boxes'][chosen])),
        labels=torch.from_numpy(results['labels'][chosen].astype(np.int64)),
    )
    if 'masks' in results:
        instances.masks = torch.from_numpy(np.array(results['masks'][chosen], order='C'))
    return instances


def _to_tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(image.transpose(2, 0, 1), order='C'))
