"""The cases of the standing attack, a module for each kind of input."""

from tests.attack.table import (
    annotations,
    arguments,
    configs,
    images,
    names,
    pairs,
    places,
    weights,
)

CASES = [
    *images.CASES,
    *places.CASES,
    *names.CASES,
    *weights.CASES,
    *configs.CASES,
    *annotations.CASES,
    *pairs.CASES,
    *arguments.CASES,
]
