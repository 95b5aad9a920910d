from restorelab.datasets.transforms.random_crop import RandomCrop
from restorelab.datasets.transforms.random_flip import RandomFlip
from restorelab.registry import TRANSFORMS
from restorelab.utils.options import checked_by
from restorelab.utils.whole import whole_options


@TRANSFORMS.register_module()
@checked_by(whole_options('PositiveView', 'size'))
class PositiveView:
    """Cut ``positive_lq``, a second view of ``lq``, for losses that compare two views.

    It is a random square with its own flips. Put it before the crop of the sample itself and after
    the step that degrades: then both views have the same degradation.

    Args:
        size: side in pixels.
        flip: probability of each of the two flips.
    """

    def __init__(self, size: int, flip: float = 0.5):
        self.crop, self.flip = RandomCrop(size), RandomFlip(flip, flip)

    def __call__(self, results: dict) -> dict:
        view = {name: results[name] for name in ('lq', 'key', 'path', 'rng')}
        results['positive_lq'] = self.flip(self.crop(view))['lq']
        return results
