"""JSON from a file that a person may have from anywhere: plain values, of bounded size."""

import json
import math
import re

from restorelab.utils.checkpoint import CheckpointError

MOST_CHARACTERS = 2**20  # of a whole JSON text
MOST_ENTRIES = 10_000
DEEPEST = 16
LONGEST = 2_000  # characters of one string
LARGEST = 10**6
A_KEY = re.compile(r'[A-Za-z]\w*')


def parse_json(text: str, file: object, place: str) -> dict:
    """The dict in a JSON text.

    Args:
        file, place: name the file, and where the text stands in it, in messages.
    Raises: CheckpointError for anything else.
    """
    if len(text) > MOST_CHARACTERS:
        raise CheckpointError(
            f'{file}: {place} has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read'
        )
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            f'{file}: {place} is no JSON ({type(error).__name__}: {error}). The file is damaged, '
            'or was changed by hand'
        ) from error
    if not isinstance(value, dict):
        raise CheckpointError(f'{file}: {place} is a {type(value).__name__}; wanted is a dict')
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(f'{name} is no number')


def check_plain(value: object, file: object, place: str) -> None:
    """Raise CheckpointError unless ``value`` is of dicts, lists and plain values of bounded size.

    Keys are words that do not begin with an underscore, so MMEngine's ``_scope_``, ``_delete_`` and
    ``_base_`` are refused. Whole numbers are at most a million.
    """
    waiting = [(value, place, 0)]
    entries = 0
    while waiting:
        node, where, depth = waiting.pop()
        entries += 1
        reason = _fault(node, depth, entries)
        if reason:
            shown = repr(node) if depth < DEEPEST else '...'
            raise CheckpointError(f'{file}: {where} = {shown[:120]}: {reason}')
        if isinstance(node, dict):
            for key, inner in node.items():
                if not isinstance(key, str) or not A_KEY.fullmatch(key):
                    raise CheckpointError(
                        f'{file}: {where} has the key {key!r}, which no option has: a key of a '
                        'weight file is a word that begins with a letter'
                    )
                waiting.append((inner, f'{where}.{key}', depth + 1))
        elif isinstance(node, list | tuple):
            for index, inner in enumerate(node):
                waiting.append((inner, f'{where}.{index}', depth + 1))


def _fault(node: object, depth: int, entries: int) -> str:
    """What is wrong with one value; empty when nothing is."""
    if depth > DEEPEST:
        return f'nested deeper than {DEEPEST} levels'
    if entries > MOST_ENTRIES:
        return f'more than {MOST_ENTRIES:,} entries'
    if node is None or isinstance(node, bool | dict | list | tuple):
        return ''
    if isinstance(node, str):
        return f'longer than {LONGEST} characters' if len(node) > LONGEST else ''
    if isinstance(node, int | float):
        return '' if math.isfinite(node) and abs(node) <= LARGEST else f'beyond {LARGEST:,}'
    return f'a {type(node).__name__} is no plain value'
