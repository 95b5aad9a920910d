from restorelab.datasets import geometry
from restorelab.registry import TRANSFORMS
from restorelab.utils.options import checked_by
from restorelab.utils.whole import check_whole


def check_size(options: dict) -> None:
    """Raise TypeError or ValueError for a size that is no height and width."""
    size = options.get('size')
    if not isinstance(size, list | tuple) or len(size) != 2:
        raise TypeError(
            f'size of Resize is {size!r}; wanted is (height, width). '
            "dict(type='mmdet.Resize', scale=(width, height), keep_ratio=True) keeps the shape"
        )
    for side in size:
        check_whole('size of Resize', side)


@TRANSFORMS.register_module()
@checked_by(check_size)
class Resize:
    """Stretch to a size, whatever the shape was.

    Args:
        size: (height, width) in pixels.
    Raises: TypeError or ValueError for another size.
    """

    def __init__(self, size: tuple[int, int]):
        check_size(dict(size=size))
        self.size = size

    def __call__(self, results: dict) -> dict:
        geometry.resize(results, *self.size)
        return results
