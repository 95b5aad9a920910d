from restorelab.datasets import geometry
from restorelab.registry import TRANSFORMS
from restorelab.utils.options import checked_by
from restorelab.utils.whole import whole_options


@TRANSFORMS.register_module()
@checked_by(whole_options('RandomResize', 'smallest'))
class RandomResize:
    """Scale both sides by one random factor.

    Args:
        scale: range of the factor, which is drawn uniformly.
        smallest: smallest shorter side in pixels, for a crop that follows. The factor is raised
            where it must be.
    """

    def __init__(self, scale: tuple[float, float] = (0.8, 1.3), smallest: int = 1):
        self.scale, self.smallest = scale, smallest

    def __call__(self, results: dict) -> dict:
        height, width = geometry.image_size(results)
        factor = max(results['rng'].uniform(*self.scale), self.smallest / min(height, width))
        geometry.resize(results, max(round(height * factor), 1), max(round(width * factor), 1))
        return results
