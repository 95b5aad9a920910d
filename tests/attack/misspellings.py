"""Misspell every key of every shipped config, and count what the check of configs refuses.

    python -m tests.attack.misspellings

prints how many misspelt keys are refused, and each key that is not, with the reason. A key that
stands at one place of several configs, below parts of the same types, is misspelt once. Nothing is
built: each config is read once, and changed copies go through ``load_config``.
"""

import copy
import re
import string
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config

from restorelab.config import load_config

ROOT = Path(__file__).parents[2]
Steps = tuple[str | int, ...]
# Keys that no check of a config refuses, and why. Patterns of their whole path.
REASONS = {
    r'(.*\.)?(adapters|priors|stages|step_losses|tasks)\.\w+': 'the name of a part is free',
    r'default_hooks\.\w+': 'the name of a hook is free, but for those of MMEngine',
    r'optim_wrapper\.paramwise_cfg\.custom_keys\..*': (
        'part of the names of parameters; refused when the model exists'
    ),
    r'.*\.batch_sampler\.quota\.\w+': (
        'the name of a degradation or task; refused when the data set exists'
    ),
    r'.*\.kinds\.\w+': 'the name of a kind of degradation is free',
    r'.*\.changes\..*': 'an entry of a config of MMDetection; its parts refuse it when built',
}


class Key(NamedTuple):
    """A key of a config: the file that it is taken from, and its path in it."""

    config: Path
    path: Steps

    def __str__(self) -> str:
        return '.'.join(map(str, self.path))


def shipped() -> list[Path]:
    """The configs that commands take; those in ``_base_`` are parts of them."""
    found = [*ROOT.glob('configs/**/*.py'), *ROOT.glob('projects/*/configs/**/*.py')]
    return sorted(path for path in found if '_base_' not in path.parts)


def places(node: object, path: Steps = (), types: Steps = ()) -> Iterator[tuple[Steps, Steps]]:
    """(path, types of the parts around it) of each key below ``node``."""
    if isinstance(node, dict):
        inner = (*types, str(node.get('type')))
        for key, value in node.items():
            yield (*path, key), inner
            yield from places(value, (*path, key), inner)
    elif isinstance(node, list | tuple):
        for index, value in enumerate(node):
            yield from places(value, (*path, index), types)


def keys_of(paths: list[Path]) -> dict[Path, list[Key]]:
    """The keys to misspell, by the config that each is taken from."""
    seen: set[tuple[Steps, Steps]] = set()
    found: dict[Path, list[Key]] = {}
    for config in paths:
        found[config] = []
        for path, types in places(load_config(config)._cfg_dict):
            if (path, types) not in seen:
                seen.add((path, types))
                found[config].append(Key(config, path))
    return found


def misspelt(word: str) -> list[str]:
    """Words with one slip: a letter dropped, doubled, swapped with the next or replaced.

    Each slip is made in the first and in the second half of the word.
    """
    words = []
    for place in sorted({len(word) // 4, len(word) * 3 // 4}):
        place = min(place, len(word) - 1)
        letter, rest = word[place], word[place + 1 :]
        other = string.ascii_lowercase[(string.ascii_lowercase.find(letter) + 7) % 26]
        words.append(word[:place] + rest)
        words.append(word[:place] + letter + letter + rest)
        words.append(word[:place] + rest[:1] + letter + rest[1:])
        words.append(word[:place] + other + rest)
    return [slip for slip in dict.fromkeys(words) if slip and slip != word]


def with_slip(cfg: Config, path: Steps, slip: str) -> Config | None:
    """A copy of ``cfg`` in which the last key of ``path`` is misspelt; None where that key exists.

    The order of the keys stays.
    """
    changed = copy.deepcopy(cfg)
    node = changed._cfg_dict
    for step in path[:-1]:
        node = node[step]
    if slip in node:
        return None
    items = list(node.items())
    node.clear()
    for key, value in items:
        node[slip if key == path[-1] else key] = value
    return changed


class Result(NamedTuple):
    """A misspelt key; ``error`` is None where it is not refused."""

    key: Key
    slip: str
    error: Exception | None


def check_all(found: dict[Path, list[Key]], slips: int | None = None) -> Iterator[Result]:
    """Misspell each key in ``slips`` ways, or in all."""
    for config, keys in found.items():
        cfg = load_config(config)
        for key in keys:
            for slip in misspelt(key.path[-1])[:slips]:
                changed = with_slip(cfg, key.path, slip)
                if changed is not None:
                    yield Result(key, slip, refusal(changed))


def reason_of(key: Key) -> str | None:
    """Why a key is not refused; None where no reason is known."""
    for pattern, reason in REASONS.items():
        if re.fullmatch(pattern, str(key)):
            return reason
    return None


def main() -> int:
    """Print the count, and the keys that are not refused. Returns: 1 when one has no reason."""
    warnings.simplefilter('ignore')
    say = sys.stdout.write
    tried, passed = 0, {}
    for result in check_all(keys_of(shipped())):
        tried += 1
        if result.error is None:
            passed.setdefault(result.key, []).append(result.slip)
    number = sum(map(len, passed.values()))
    say(f'{tried} misspelt keys: {tried - number} refused, {number} not\n')
    for key, slips in sorted(passed.items(), key=lambda item: str(item[0])):
        config = key.config.relative_to(ROOT).as_posix()
        reason = reason_of(key) or 'NO REASON'
        say(f'  {key} ({config}): {reason}; {", ".join(slips)}\n')
    return 1 if any(reason_of(key) is None for key in passed) else 0


def refusal(cfg: Config) -> Exception | None:
    try:
        load_config(cfg)
    except (KeyError, TypeError, ValueError, ImportError) as error:
        return error
    return None


if __name__ == '__main__':
    sys.exit(main())
