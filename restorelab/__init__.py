"""restorelab: all-in-one image restoration from registered parts.

Importing the package is cheap on purpose: torch comes in with the first part that needs it.
"""

from importlib import import_module
from pathlib import Path

from restorelab.lazy import stand_in
from restorelab.version import __version__

__all__ = ['__version__', 'apis', 'registry']

# mmcv-lite has no compiled operators. Ours take their place, and only if nothing else does.
stand_in('mmcv._ext', Path(__file__).with_name('ops') / 'mmcv_ext.py')


def __getattr__(name: str):
    if name in ('apis', 'registry'):
        return import_module(f'restorelab.{name}')
    raise AttributeError(f"module 'restorelab' has no attribute '{name}'")
