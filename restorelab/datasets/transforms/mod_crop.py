from restorelab.datasets import geometry
from restorelab.registry import TRANSFORMS
from restorelab.utils.options import checked_by
from restorelab.utils.whole import whole_options


@TRANSFORMS.register_module()
@checked_by(whole_options('ModCrop', 'divisor'))
class ModCrop:
    """Cut off the right and the bottom, until both sides are multiples of ``divisor``.

    Here alone ``lq`` and ``gt`` may differ in size: each is cut for itself.
    Raises: ValueError that names the sample when a side is shorter than ``divisor``.
    """

    def __init__(self, divisor: int):
        self.divisor = divisor

    def __call__(self, results: dict) -> dict:
        for name in geometry.present(results, geometry.IMAGES):
            height, width = results[name].shape[:2]
            if min(height, width) < self.divisor:
                raise ValueError(
                    f"sample '{results['key']}': {name} is {height}x{width}, smaller than the "
                    f'divisor {self.divisor} of ModCrop'
                )
            height, width = height - height % self.divisor, width - width % self.divisor
            results[name] = results[name][:height, :width]
        if geometry.is_annotated(results):
            geometry.crop(results, 0, 0, *geometry.image_size(results))
        return results
