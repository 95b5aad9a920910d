from restorelab.datasets import geometry
from restorelab.registry import TRANSFORMS


@TRANSFORMS.register_module()
class Resize:
    """Stretch to a size, whatever the shape was.

    Args:
        size: (height, width) in pixels.
    """

    def __init__(self, size: tuple[int, int]):
        self.size = size

    def __call__(self, results: dict) -> dict:
        geometry.resize(results, *self.size)
        return results
