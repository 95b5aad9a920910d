"""The functions for programs: train, test, load, restore, publish.

A name is imported when it is first used, so importing this module is fast.
"""

from restorelab.lazy import lazy_names

FUNCTIONS = {
    'RestoreModel': 'inference',
    'load': 'inference',
    'publish': 'publishing',
    'restore_files': 'files',
    'restore_video': 'video',
    'test': 'testing',
    'train': 'training',
}
__all__ = list(FUNCTIONS)
__getattr__ = lazy_names(__name__, FUNCTIONS)
