from restorelab.datasets import geometry
from restorelab.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomFlip:
    """Mirror the image.

    Args:
        horizontal: probability of a left-right flip.
        vertical: probability of a top-down flip.
    """

    def __init__(self, horizontal: float = 0.5, vertical: float = 0.0):
        self.horizontal, self.vertical = horizontal, vertical

    def __call__(self, results: dict) -> dict:
        first, second = results['rng'].random(2)
        geometry.flip(results, first < self.horizontal, second < self.vertical)
        return results
