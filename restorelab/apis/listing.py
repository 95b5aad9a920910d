"""The registered parts, by table."""

from mmengine.registry import Registry

from restorelab.registry import TABLES, load_plugins
from restorelab.utils.options import nearest


def registered_parts(table: str | None = None) -> dict[str, list[tuple[str, str]]]:
    """(name, package) of every part of restorelab's tables, plugins included, by name of the table.

    Args:
        table: name of one table, such as ``backbone``; all of them when None.
    Raises: KeyError for an unknown table, naming the nearest.
    """
    load_plugins()
    if table is not None:
        found = find_table(table)
        return {found.name: parts_of(found)}
    return {registry.name: parts_of(registry) for registry in TABLES}


def find_table(name: str) -> Registry:
    """The table called ``name``, in singular or plural. Raises: KeyError that names the nearest."""
    wanted = name.lower().replace('-', ' ').replace('_', ' ')
    for registry in TABLES:
        plurals = (f'{registry.name}s', f'{registry.name}es', f'{registry.name[:-1]}ies')
        if wanted in (registry.name, *plurals):
            return registry
    names = [registry.name for registry in TABLES]
    raise KeyError(
        f"no table is called '{name}'; nearest: {nearest(wanted, names) or 'none'}; all: {names}"
    )


def parts_of(registry: Registry, prefix: str = '') -> list[tuple[str, str]]:
    """(name, package) of the parts in a table and in those of other packages below it."""
    registry.import_from_location()
    parts = []
    for name, part in sorted(registry.module_dict.items()):
        parts.append((prefix + name, part.__module__.split('.')[0]))
    for scope, child in registry.children.items():
        parts += parts_of(child, f'{scope}.')
    return parts
