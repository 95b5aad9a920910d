from restorelab.datasets import geometry
from restorelab.registry import TRANSFORMS
from restorelab.utils.options import checked_by
from restorelab.utils.whole import whole_options


@TRANSFORMS.register_module()
@checked_by(whole_options('CenterCrop', 'size'))
class CenterCrop:
    """The central square. An image that is too small is first continued (``geometry.grow``).

    Args:
        size: side in pixels.
    """

    def __init__(self, size: int):
        self.size = size

    def __call__(self, results: dict) -> dict:
        geometry.grow(results, self.size, self.size)
        rows, cols = geometry.image_size(results)
        top, left = (rows - self.size) // 2, (cols - self.size) // 2
        geometry.crop(results, top, left, self.size, self.size)
        return results
