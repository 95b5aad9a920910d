"""List the registered parts of each table, with their options and contracts."""

import inspect
import textwrap
from collections.abc import Callable

from mmengine.registry import Registry

from restorelab.models.contracts import CONTRACTS
from restorelab.registry import TABLES, load_plugins
from restorelab.utils.options import named_options, nearest, with_article

WIDTH = 100


def listing(name: str | None = None, verbose: bool = False) -> str:
    """The parts of all tables, or the parts of one table, or the description of one part.

    Args:
        name: of a table or a part; None for all tables.
        verbose: with the contract of each table and the options of each part.
    Raises: KeyError for an unknown name, with the most similar ones.
    """
    load_plugins()
    tables = TABLES if name is None else [r for r in TABLES if _is_called(r, name)]
    if not tables:
        return _part_called(name)
    lines = []
    for registry in tables:
        lines += _verbose(registry) if verbose else _short(registry)
    return '\n'.join(lines)


def parts_of(registry: Registry, prefix: str = '') -> list[tuple[str, Callable]]:
    """(name, part) of a table, those of other packages included."""
    registry.import_from_location()
    parts = [(prefix + name, part) for name, part in sorted(registry.module_dict.items())]
    for scope, child in registry.children.items():
        parts += parts_of(child, f'{scope}.')
    return parts


def _is_called(registry: Registry, name: str) -> bool:
    """Whether ``name`` names the table, in singular or plural."""
    wanted, own = name.lower().replace('-', ' ').replace('_', ' '), registry.name
    return wanted in (own, f'{own}s', f'{own}es', f'{own[:-1]}ies')


def _part_called(name: str) -> str:
    names = [registry.name for registry in TABLES]
    for registry in TABLES:
        for part_name, part in parts_of(registry):
            names.append(part_name)
            if part_name == name:
                details = _details(part, inspect.getdoc(part))
                return '\n'.join([f'{registry.name} {name} ({_package(part)})', '', *details])
    raise KeyError(
        f"no table and no part is called '{name}'; nearest: {nearest(name, names) or 'none'}; "
        f'all tables: {names[: len(TABLES)]}'
    )


def _package(part: Callable) -> str:
    return part.__module__.split('.')[0]


def _short(registry: Registry) -> list[str]:
    parts = parts_of(registry)
    lines = [f'{registry.name} ({len(parts)})']
    for name, part in parts:
        lines.append(f'  {name:<32} {_package(part)}')
    return lines


def _verbose(registry: Registry) -> list[str]:
    lines, parts = [], parts_of(registry)
    for contract in CONTRACTS.get(registry.name, ()):
        lines += _contract(contract, registry.name)
    lines.append(f'{registry.name} ({len(parts)})')
    for name, part in parts:
        first_line = (inspect.getdoc(part) or '').partition('\n')[0]
        lines += ['', f'  {name} ({_package(part)})', *_details(part, first_line)]
    return [*lines, '']


def _contract(contract: type, kind: str) -> list[str]:
    """The docstring of a contract, and the signature and docstring of what it requires."""
    lines = [
        f'The contract of {with_article(kind)}, restorelab.models.contracts.{contract.__name__}:',
        '',
    ]
    lines += _indented(inspect.getdoc(contract), 2)
    for name, method in inspect.getmembers(contract, inspect.isfunction):
        if 'is_required' in vars(method):
            lines += ['', f'  {name}({", ".join(_arguments(method))})']
            lines += _indented(inspect.getdoc(method), 6)
    return [*lines, '']


def _details(part: Callable, text: str | None) -> list[str]:
    """``text``, which describes a part, and the options of the part with their defaults."""
    lines = _indented(text or 'no description', 4)
    options = ', '.join(_options(part)) or 'none'
    wrapped = textwrap.wrap(f'options: {options}', WIDTH - 4, break_on_hyphens=False)
    return [*lines, *_indented('\n'.join(wrapped), 4)]


def _options(part: Callable) -> list[str]:
    """The options of a part and of its bases; dots if it takes any others."""
    names, takes_more = named_options(part)
    functions = [base.__init__ for base in part.__mro__] if inspect.isclass(part) else [part]
    texts: dict[str, str] = {}
    for function in functions:
        for text in _arguments(function):
            texts.setdefault(text.partition('=')[0], text)
    return [texts[name] for name in names] + ['...'] * takes_more


def _arguments(function: Callable) -> list[str]:
    """``name=default`` of each argument, or ``name`` if it has no default."""
    texts = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name != 'self':
            texts.append(str(parameter.replace(annotation=parameter.empty)))
    return texts


def _indented(text: str, columns: int) -> list[str]:
    return textwrap.indent(text, ' ' * columns).split('\n')
