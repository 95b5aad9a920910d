"""A pytest plugin that hides mmcv and mmdet: ``python -m pytest -p tests.without_detection``."""

import sys
from importlib.machinery import PathFinder

HIDDEN = ('mmcv', 'mmdet')


class HidingFinder(PathFinder):
    """Python's own search, which does not find these packages."""

    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        return (
            None if fullname.split('.')[0] in HIDDEN else super().find_spec(fullname, path, target)
        )


sys.meta_path[:] = [HidingFinder if finder is PathFinder else finder for finder in sys.meta_path]
