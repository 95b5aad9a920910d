"""Packages whose names are imported when they are first used."""

from collections.abc import Callable, Mapping
from importlib import import_module


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
