import numpy as np
import torch.nn.functional as F

from restorelab.datasets.geometry import image_names, to_tensor
from restorelab.registry import TRANSFORMS
from restorelab.utils.options import checked_by
from restorelab.utils.whole import whole_options


@TRANSFORMS.register_module()
@checked_by(whole_options('BlackFillCrop', 'size'))
class BlackFillCrop:
    """A random square as DiffUIR's training cuts it. Outside that recipe ``RandomCrop`` is better.

    Where the image is too short the square is black. An image with no side above ``size`` is
    stretched to the square. It is then float32, bicubic with antialiasing, and may leave [0, 1] a
    little.

    Args:
        size: side in pixels.
    """

    def __init__(self, size: int):
        self.size = size

    def __call__(self, results: dict) -> dict:
        names = image_names(results)
        height, width = results[names[0]].shape[:2]
        if min(height, width) < self.size and max(height, width) <= self.size:
            for name in names:
                results[name] = self._stretch(results[name])
            return results
        left = results['rng'].integers(max(0, width - self.size) + 1)
        top = results['rng'].integers(max(0, height - self.size) + 1)
        for name in names:
            patch = results[name][top : top + self.size, left : left + self.size]
            below, right = self.size - patch.shape[0], self.size - patch.shape[1]
            results[name] = np.pad(patch, ((0, below), (0, right), (0, 0)))
        return results

    def _stretch(self, image: np.ndarray) -> np.ndarray:
        planes = to_tensor(image)[None].float() / 255
        planes = F.interpolate(planes, (self.size, self.size), mode='bicubic', antialias=True)
        return planes[0].permute(1, 2, 0).numpy()
