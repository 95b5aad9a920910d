"""Write a loaded config as Python source that can be loaded again."""

import inspect
import keyword
import math
import sys
from pathlib import Path

from mmengine.config import Config

from restorelab.utils.files import atomic_path

WIDTH = 100
INDENT = '    '


def print_config(
    cfg: Config, out: str | Path | None = None, overwrite: bool = False, command: str = ''
) -> None:
    """Print ``cfg``, or write it to the file ``out``.

    On a terminal the text is highlighted. The file is a config without a base.

    Args:
        overwrite: replace ``out``.
        command: written into the head of the file, to say how it was made.
    Raises:
        FileExistsError: ``out`` exists.
        ValueError: it does not end in ``.py``.
    """
    text = as_source(cfg)
    if out is not None:
        _write(f'"""All entries in one file. Made by: {command}"""\n\n{text}', Path(out), overwrite)
    elif sys.stdout.isatty():
        from rich.console import Console
        from rich.syntax import Syntax

        highlighted = Syntax('', 'python', theme='ansi_dark').highlight(text.rstrip('\n'))
        Console().print(highlighted, soft_wrap=True)
    else:
        sys.stdout.write(text)


def _write(text: str, path: Path, overwrite: bool) -> None:
    if path.suffix != '.py':
        raise ValueError(f'{path}: a config is a Python file; give a name that ends in .py')
    if path.exists() and not overwrite:
        raise FileExistsError(f'{path} exists already; choose another file, or pass --overwrite')
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding='utf-8')


def as_source(cfg: Config) -> str:
    """``name = value`` for each top-level entry.

    Raises: TypeError for a value that cannot be written as text.
    """
    lines = []
    for name, value in cfg.to_dict().items():
        head = f'{name} = '
        lines.append(head + _source(value, '', len(head), name) + '\n')
    return ''.join(lines)


def _source(value: object, indent: str, offset: int, place: str) -> str:
    """The text of one value.

    Args:
        indent: of the line.
        offset: number of characters before and after the value in its line.
        place: its dotted key, for errors.
    """
    if isinstance(value, dict):
        opening, closing, items = _dict_items(value, place)
    elif isinstance(value, list | tuple):
        opening, closing = '[]' if isinstance(value, list) else '()'
        items = [('', item, f'{place}.{index}') for index, item in enumerate(value)]
    else:
        return _plain(value, place)
    inner = indent + INDENT
    texts = [key + _source(item, inner, len(key) + 1, at) for key, item, at in items]
    comma = ',' if isinstance(value, tuple) and len(value) == 1 else ''
    line = f'{opening}{", ".join(texts)}{comma}{closing}'
    if '\n' not in line and len(indent) + offset + len(line) <= WIDTH:
        return line
    rows = ''.join(f'{inner}{text},\n' for text in texts)
    return f'{opening}\n{rows}{indent}{closing}'


def _dict_items(value: dict, place: str) -> tuple[str, str, list[tuple[str, object, str]]]:
    """The brackets of a dict, and (text of the key, value, place) of its items, ``type`` first."""
    keys = sorted(value, key=lambda key: key != 'type')
    named = all(isinstance(k, str) and k.isidentifier() and not keyword.iskeyword(k) for k in keys)
    items = []
    for key in keys:
        items.append((f'{key}=' if named else f'{key!r}: ', value[key], f'{place}.{key}'))
    return ('dict(', ')', items) if named else ('{', '}', items)


def _plain(value: object, place: str) -> str:
    if value is None or isinstance(value, bool | int | str | bytes):
        return repr(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else f"float('{value}')"
    named = inspect.isclass(value) or inspect.isroutine(value)
    if named and '<' not in value.__qualname__:  # neither a lambda nor inside a function
        return repr(f'{value.__module__}.{value.__qualname__}')
    raise TypeError(f'{place} is {value!r}, which has no text that a config could hold')
