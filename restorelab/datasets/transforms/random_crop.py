from restorelab.datasets import geometry
from restorelab.registry import TRANSFORMS
from restorelab.utils.options import checked_by
from restorelab.utils.whole import whole_options

ATTEMPTS = 10


@TRANSFORMS.register_module()
@checked_by(whole_options('RandomCrop', 'size'))
class RandomCrop:
    """A random square. An image that is too small is first continued (``geometry.grow``).

    Args:
        size: side in pixels.
        objects: of up to ten squares take the first that holds an object, if the image has any.
    """

    def __init__(self, size: int, objects: bool = False):
        self.size, self.objects = size, objects

    def __call__(self, results: dict) -> dict:
        if not self.objects or not len(results.get('boxes', ())):
            return self._crop(results)
        for _ in range(ATTEMPTS):
            cut = self._crop(dict(results))
            if len(cut['boxes']):
                break
        return cut

    def _crop(self, results: dict) -> dict:
        geometry.grow(results, self.size, self.size)
        rows, cols = geometry.image_size(results)
        top = results['rng'].integers(rows - self.size + 1)
        left = results['rng'].integers(cols - self.size + 1)
        geometry.crop(results, top, left, self.size, self.size)
        return results
