"""The options of a class or a function, and the error for an unknown one."""

import inspect
import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches


def nearest(word: str, names: Iterable[str]) -> list[str]:
    """At most three names similar to ``word``, ignoring case, the most similar first."""
    by_lower = {name.lower(): name for name in names}
    found = get_close_matches(word.lower(), by_lower, n=3, cutoff=0.5)
    return [by_lower[name] for name in found]


def with_article(noun: str) -> str:
    """``a backbone``, ``an adapter``."""
    return f'{"an" if noun[0] in "aeiou" else "a"} {noun}'


def named_options(part: Callable) -> tuple[list[str], bool]:
    """The named options of a class or function, and whether it takes others, too.

    A constructor that only hands its ``**kwargs`` to ``super().__init__`` has the options of its
    base.
    """
    if not inspect.isclass(part):
        return _named(part)
    names: list[str] = []
    for base in part.__mro__[:-1]:  # without `object`
        constructor = vars(base).get('__init__')
        if constructor is None:
            continue
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
        source = inspect.getsource(constructor)
    except (OSError, TypeError):  # no source at hand, or not written in Python
        return False
    code = re.sub(r'""".*?"""', '', source, flags=re.DOTALL)
    call = re.search(r'super\(\)\.__init__\([^)]*\*\*(\w+)', code)
    return call is not None and len(re.findall(rf'\b{call[1]}\b', code)) == 2


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
    stray = sorted(set(given) - {'type', '_scope_'} - set(known))
    if not stray:
        return
    hints = ''
    for key in stray:
        near = nearest(key, known)
        if near:
            hints += f"; '{key}': did you mean {' or '.join(near)}?"
    raise TypeError(f'{what} has no option {stray}{hints}; it takes {list(known)}')
