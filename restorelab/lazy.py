"""Packages whose names are imported when they are first used, and modules for want of others."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path


def lazy_names(package: str, module_of: Mapping[str, str]) -> Callable[[str], object]:
    """The function ``__getattr__`` of a package, for names that stand in its modules.

    Args:
        package: ``__name__`` of the package.
        module_of: the module of each name, such as ``dict(PlainUNet='plain_unet')``.
    """

    def import_name(name: str) -> object:
        if name not in module_of:
            raise AttributeError(
                f"module '{package}' has no attribute '{name}'; it has {sorted(module_of)}"
            )
        return getattr(import_module(f'{package}.{module_of[name]}'), name)

    return import_name


class StandIn:
    """Finds ``name`` in one of our files, when no installed package has it.

    It stands last in ``sys.meta_path``, so a module that is installed is found before it.
    """

    def __init__(self, name: str, file: Path):
        self.name, self.file = name, file

    def find_spec(self, fullname: str, path=None, target=None) -> ModuleSpec | None:
        return spec_from_file_location(fullname, self.file) if fullname == self.name else None


def stand_in(name: str, file: Path) -> None:
    """Let ``import name`` load ``file``, where no installed package has a module of that name."""
    sys.meta_path.append(StandIn(name, file))
