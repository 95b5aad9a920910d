from restorelab.datasets import geometry
from restorelab.registry import TRANSFORMS
from restorelab.utils.options import checked_by
from restorelab.utils.whole import whole_options


@TRANSFORMS.register_module()
@checked_by(whole_options('CenterModCrop', 'divisor'))
class CenterModCrop:
    """Cut both sides to multiples of ``divisor`` and keep the middle.

    Where an odd number of rows or columns goes, the end loses one more. AirNet, PromptIR and
    Perceive-IR prepare test images like this, with ``divisor=16``.
    Raises: ValueError that names the sample when a side is shorter than ``divisor``.
    """

    def __init__(self, divisor: int):
        self.divisor = divisor

    def __call__(self, results: dict) -> dict:
        rows, cols = geometry.image_size(results)
        if min(rows, cols) < self.divisor:
            raise ValueError(
                f"sample '{results['key']}': {rows}x{cols}, smaller than the divisor "
                f'{self.divisor} of CenterModCrop'
            )
        down, right = rows % self.divisor, cols % self.divisor
        geometry.crop(results, down // 2, right // 2, rows - down, cols - right)
        return results
