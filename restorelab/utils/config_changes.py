"""What differs between the config in a checkpoint and another one. No code of either is run."""

import ast
from typing import NamedTuple

LEFT_OUT = '(nothing)'


class Change(NamedTuple):
    """An entry that differs, by its dotted key; its values as texts."""

    key: str
    old: str
    new: str


def read_config_text(text: str) -> dict:
    """The entries of a config as MMEngine writes it into checkpoints.

    Only values are read: names, calls other than ``dict(...)`` and statements are refused.

    Raises: ValueError for a text of another kind.
    """
    try:
        statements = ast.parse(text).body
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f'no config: {error}') from error
    entries = {}
    for statement in statements:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            raise ValueError(f'line {statement.lineno} is no `key = value`')
        entries[statement.targets[0].id] = _value(statement.value)
    return entries


def _value(node: ast.expr) -> object:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict':
        entries = {}
        for mapping in node.args:  # of keys that are no names
            entries.update(_value(mapping))
        entries.update((entry.arg, _value(entry.value)) for entry in node.keywords)
        return entries
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return {ast.literal_eval(key): _value(value) for key, value in pairs if key is not None}
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(item) for item in node.elts]
    if isinstance(node, ast.Name) and node.id in ('inf', 'nan'):
        return float(node.id)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError) as error:
        raise ValueError(f'line {node.lineno} holds no plain value') from error


def config_changes(old: object, new: object, key: str = '') -> list[Change]:
    """The entries that differ, by dotted key. Lists of different lengths are one entry."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = [*old, *(name for name in new if name not in old)]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        names = range(len(old))
        old, new = dict(enumerate(old)), dict(enumerate(new))
    else:
        old, new = _text(old), _text(new)
        return [] if old == new else [Change(key, old, new)]
    changes = []
    for name in names:
        inner = f'{key}.{name}' if key else str(name)
        changes += config_changes(old.get(name, _Nothing), new.get(name, _Nothing), inner)
    return changes


class _Nothing:
    """Stands for an entry that is not there."""


def _text(value: object) -> str:
    return LEFT_OUT if value is _Nothing else repr(value)
