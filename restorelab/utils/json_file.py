"""Read JSON files of the user, with the errors that say what is wrong where."""

import json
from collections import Counter
from pathlib import Path

from restorelab.utils.files import fault_of_file


class RepeatedKeys(list):
    """One line for each object of a JSON file that has a key twice."""

    def build(self, pairs: list[tuple[str, object]]) -> dict:
        """The dict of ``pairs``, for ``json.loads``; the last value counts."""
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
            self.append(f'the object with the keys {list(found)[:8]} has {twice} more than once')
        return found


def read_json(path: str | Path) -> tuple[object, list[str]]:
    """The content of a JSON file in UTF-8, and what is wrong with its objects.

    NaN and Infinity are read as floats, so that the reader of the entries can name the entry.
    Raises: FileNotFoundError for what is no regular file; ValueError for what is no JSON.
    """
    path = Path(path)
    fault = fault_of_file(path)
    if fault is not None:
        raise FileNotFoundError(f'{path}: {fault}; a json file is wanted here')
    repeated = RepeatedKeys()
    try:
        text = path.read_text(encoding='utf-8-sig')
        return json.loads(text, object_pairs_hook=repeated.build), repeated
    except RecursionError as error:
        raise ValueError(f'{path}: not a json file (nested too deeply)') from error
    except ValueError as error:  # also from text that is not UTF-8, and numbers of 5,000 digits
        raise ValueError(f'{path}: not a json file ({error})') from error
