"""The functions for programs: train, test, load, restore, publish.

A name is imported when it is first used, so importing this module is fast.
"""

from importlib import import_module

_MODULE_OF = dict(
    train='training',
    test='testing',
    load='inference',
    RestoreModel='inference',
    restore_files='files',
    publish='publishing',
)

__all__ = ['RestoreModel', 'load', 'publish', 'restore_files', 'test', 'train']


def __getattr__(name: str):
    if name not in _MODULE_OF:
        raise AttributeError(
            f"module 'restorelab.apis' has no attribute '{name}'; it has {__all__}"
        )
    return getattr(import_module(f'restorelab.apis.{_MODULE_OF[name]}'), name)
