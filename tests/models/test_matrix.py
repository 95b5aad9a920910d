"""Parts cross: every pair works, or is refused when it is built by a sentence that helps."""

import re
from collections.abc import Iterator

import pytest

from restorelab.registry import (
    ADAPTERS,
    BACKBONES,
    LOSSES,
    MODELS,
    OBJECTIVES,
    PRIORS,
    PROCESSES,
    SAMPLERS,
)
from tests.models import matrix
from tests.models.test_tiny import own_names

STALE = 'docs/assembly.md is stale; run `python -m tests.models.matrix`'
NAMED = (ADAPTERS, BACKBONES, LOSSES, MODELS, OBJECTIVES, PRIORS, PROCESSES, SAMPLERS)


def quick() -> list[tuple[str, str, str]]:
    """Every part of every table once, each on another trunk."""
    chosen = []
    for table, (rows, columns, _) in matrix.TABLES.items():
        for place, column in enumerate(columns):
            chosen.append((table, list(rows)[place % len(rows)], column))
    return chosen


def types_in(cfg: object) -> Iterator[str]:
    if isinstance(cfg, dict):
        if 'type' in cfg:
            yield cfg['type']
        for value in cfg.values():
            yield from types_in(value)
    elif isinstance(cfg, list):
        for value in cfg:
            yield from types_in(value)


def parts_named(sentence: str) -> set[str]:
    """Names of parts of ours that a sentence contains as words."""
    words = set(re.findall(r'[A-Za-z0-9]+', sentence))
    return words & {name for table in NAMED for name in own_names(table)}


def printed() -> dict[tuple[str, str, str], str]:
    """The cells of docs/assembly.md by table, row and column."""
    text, cells = matrix.PAGE.read_text(encoding='utf-8'), {}
    for table, (title, _) in matrix.TITLES.items():
        lines = text.partition(f'## {title}\n')[2].partition('\n## ')[0].splitlines()
        lines = [line.strip('|').split('|') for line in lines if line.startswith('|')]
        rows = [name.strip() for name in lines[0][1:]]
        for column, *values in lines[2:]:
            for row, value in zip(rows, values, strict=True):
                cells[table, row, column.strip()] = value.strip()
    return cells


def check(found: matrix.Cell) -> None:
    """A pair that does not work names at least two parts, and the page says the same of it."""
    if not found.works:
        assert len(parts_named(found.result)) >= 2, found.result
    is_yes = printed()[found.table, found.row, found.column] == 'yes'
    assert is_yes == found.works, f'{STALE}: {found}'


@pytest.mark.parametrize(
    ('table', 'column'),
    [
        (ADAPTERS, 'adapters'),
        (PRIORS, 'priors'),
        (LOSSES, 'losses'),
        (SAMPLERS, 'samplers'),
        (OBJECTIVES, 'processes and objectives'),
    ],
    ids=lambda value: value if isinstance(value, str) else '',
)
def test_every_registered_part_is_a_column(table, column):
    assert set(matrix.TABLES[column][1]) == own_names(table)


def test_every_backbone_is_in_a_row():
    assert set(types_in(matrix.TRUNKS)) >= own_names(BACKBONES)


def test_the_page_has_all_pairs():
    wanted = {(table, *pair) for table in matrix.TABLES for pair in matrix.pairs(table)}
    assert set(printed()) == wanted, STALE


@pytest.mark.parametrize(('table', 'row', 'column'), quick())
def test_a_pair_works_or_is_refused_as_the_page_says(table, row, column):
    check(matrix.cell(table, row, column))


@pytest.mark.slow
def test_all_pairs_work_or_are_refused_and_the_page_says_so():
    cells = matrix.all_cells()
    for found in cells:
        check(found)
    assert matrix.page(cells) == matrix.PAGE.read_text(encoding='utf-8'), STALE
