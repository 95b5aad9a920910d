"""The options of a class or a function, and the error for an unknown one."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable
from difflib import SequenceMatcher, get_close_matches
from functools import cache

A_SLIP = 0.8  # a word as like a known one as this was most likely meant to be that one
SHORT = 2  # words of so few letters are never called a slip of another one
# What the options of a part hold: the place of the constructor of a dict's entries, or the names of
# these entries. See ``holds``.
Holder = str | tuple[str, ...] | dict
_HOLDERS: dict[Callable, dict[str, Holder]] = {}
_CHECKS: dict[Callable, Callable[[dict], None]] = {}


def nearest(word: str, names: Iterable[str]) -> list[str]:
    """At most three names similar to ``word``, ignoring case, the most similar first.

    Keys of a config may be other values than text; none is similar to them.
    """
    if not isinstance(word, str):
        return []
    by_lower = {name.lower(): name for name in names if isinstance(name, str)}
    found = get_close_matches(word.lower(), by_lower, n=3, cutoff=0.5)
    return [by_lower[name] for name in found]


def with_article(noun: str) -> str:
    """``a backbone``, ``an adapter``."""
    return f'{"an" if noun[0] in "aeiou" else "a"} {noun}'


def is_slip(word: str, names: Iterable[str]) -> bool:
    """Whether ``word`` is none of ``names``, but was most likely meant to be one.

    It is a slip when one letter is missing, doubled, wrong or swapped with the next, or when the
    words are alike in four letters of five. Words that differ in digits alone are no slips.
    """
    names = list(names)
    if not isinstance(word, str) or word in names or len(word) < SHORT:
        return False
    return any(_is_slip_of(word, name) for name in names if len(name) > SHORT)


def _is_slip_of(word: str, name: str) -> bool:
    if _letters(word) == _letters(name):
        return False
    return is_one_edit(word, name) or SequenceMatcher(None, word, name).ratio() > A_SLIP


def _letters(word: str) -> str:
    return ''.join(letter for letter in word if not letter.isdigit())


def is_one_edit(word: str, other: str) -> bool:
    """Whether one letter inserted, left out, replaced or swapped with the next makes them equal."""
    if len(word) > len(other):
        word, other = other, word
    if len(other) - len(word) > 1:
        return False
    same = 0
    while same < len(word) and word[same] == other[same]:
        same += 1
    rest, others = word[same:], other[same:]
    if len(word) < len(other):
        return rest == others[1:]
    swapped = rest[1:2] + rest[:1] + rest[2:]
    return rest[1:] == others[1:] or swapped == others


def named_options(part: Callable) -> tuple[list[str], bool]:
    """The named options of a class or function, and whether it takes others, too.

    A constructor that only hands its ``**kwargs`` to ``super().__init__`` has the options of its
    base. PyTorch's Module takes none.
    """
    names, takes_more = _options_of_class(part) if inspect.isclass(part) else _named(part)
    return list(names), takes_more


@cache
def _options_of_class(part: type) -> tuple[list[str], bool]:
    names: list[str] = []
    for base in part.__mro__[:-1]:  # without `object`
        constructor = vars(base).get('__init__')
        if constructor is None:
            continue
        if base.__module__ == 'torch.nn.modules.module':
            return names, False
        own, takes_more = _named(constructor)
        names += [name for name in own[1:] if name not in names]  # without `self`
        if not takes_more or not _only_hands_on(constructor):
            return names, takes_more
    return names, part.__new__ is not object.__new__


def _named(function: Callable) -> tuple[list[str], bool]:
    """The named parameters of a function with ``self``, and whether it takes others, too."""
    names, takes_more = [], False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            takes_more = True
        elif parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            names.append(parameter.name)
    return names, takes_more


def _only_hands_on(constructor: Callable) -> bool:
    """Whether it uses its ``**kwargs`` only as arguments of ``super().__init__``."""
    try:
        code = ast.parse(textwrap.dedent(inspect.getsource(constructor)))
    except (OSError, TypeError, SyntaxError):  # no source at hand, or not written in Python
        return False
    handed, used = [], []
    for node in ast.walk(code):
        if isinstance(node, ast.Call) and _calls_base(node):
            handed += [each.value.id for each in node.keywords if _is_star(each)]
        elif isinstance(node, ast.Name):
            used.append(node.id)
    return len(handed) == 1 and used.count(handed[0]) == 1


def _calls_base(call: ast.Call) -> bool:
    """Whether it is ``super().__init__(...)``, with or without arguments of ``super``."""
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr != '__init__':
        return False
    base = function.value
    return (
        isinstance(base, ast.Call) and isinstance(base.func, ast.Name) and base.func.id == 'super'
    )


def _is_star(keyword: ast.keyword) -> bool:
    return keyword.arg is None and isinstance(keyword.value, ast.Name)


def holds(**options: Holder) -> Callable:
    """Decorator of a part whose options are dicts that it hands on: who takes their entries.

    Each option has the import path of the constructor that takes the entries; or a tuple of such
    paths and of names; or a dict that says the same of each entry, None where it is no dict.

        @holds(unet='diffusers.UNet2DModel')
        class DiffusersUNet2D(DiffusionBackbone): ...
    """

    def remember(part: Callable) -> Callable:
        _HOLDERS[part] = options
        return part

    return remember


def holders_of(part: Callable) -> dict[str, Holder]:
    """What ``holds`` says of a part and of its bases."""
    found = {}
    for base in reversed(inspect.getmro(part) if inspect.isclass(part) else [part]):
        found.update(_HOLDERS.get(base, {}))
    return found


def checked_by(check: Callable[[dict], None]) -> Callable:
    """Decorator of a part: ``check`` gets its options from a config, and raises for wrong ones.

    For what a signature does not say. Nothing may be built or read for it.
    """

    def remember(part: Callable) -> Callable:
        _CHECKS[part] = check
        return part

    return remember


def check_of(part: Callable) -> Callable[[dict], None] | None:
    """What ``checked_by`` says of a part."""
    return _CHECKS.get(part)


def missing_options(part: Callable, given: Iterable[str]) -> list[str]:
    """The options without a default that ``given`` lacks."""
    missing = []
    for parameter in inspect.signature(part).parameters.values():
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            return []  # what it takes is not all in its signature
        if parameter.default is parameter.empty and parameter.name not in given:
            missing.append(parameter.name)
    return missing


def check_keys(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise TypeError when ``given`` holds a key that is not ``known``, naming the nearest ones."""
    stray = sorted(set(given) - {'type', '_scope_'} - set(known), key=str)
    if not stray:
        return
    hints = ''
    for key in stray:
        near = nearest(key, known)
        if near:
            hints += f"; '{key}': did you mean {' or '.join(near)}?"
    raise TypeError(f'{what} has no option {stray}{hints}; it takes {list(known)}')
