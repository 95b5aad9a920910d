"""Every case of the standing attack. A third of each class is in the normal run, the rest is slow.

``python -m tests.attack`` runs them all and counts.
"""

import time
from pathlib import Path

import pytest

from tests.attack import cases
from tests.attack.cases import MARKER, Case, CommandError, attempt
from tests.attack.table import CASES


def _marked(number: int, case: Case):
    marks = [pytest.mark.slow] if case.slow or number % 3 else []
    return pytest.param(case, id=ascii(str(case)), marks=marks)


@pytest.mark.parametrize('case', [_marked(*pair) for pair in enumerate(CASES)])
def test_an_input_gives_the_right_result_or_a_clear_error(case, tmp_path):
    outcome = attempt(case, tmp_path)
    assert not outcome.failed, f'{outcome.kind}: {outcome.text}'


def test_there_are_enough_cases_and_each_has_a_name_of_its_own():
    assert len(CASES) > 1800
    names = [str(case) for case in CASES]
    assert [name for name in names if names.count(name) > 1] == []


def _clear(_folder: Path) -> None:
    raise FileNotFoundError('a.png: no such file')


def _bare(_folder: Path) -> None:
    return [][1]


def _other(_folder: Path) -> None:
    raise CommandError('something is wrong')


def _ends(_folder: Path) -> None:
    raise SystemExit(0)


@pytest.mark.parametrize(
    ('run', 'words', 'kind'),
    [
        (lambda folder: 7, (), 'right'),
        (lambda folder: 8, (), 'silent'),
        (lambda folder: 7, (r'a\.png',), 'silent'),
        (_clear, (r'a\.png', 'no such'), 'clear'),
        (_clear, (r'b\.png',), 'vague'),
        (_clear, (), 'vague'),
        (_bare, ('index',), 'vague'),
        (_other, (r'a\.png',), 'vague'),
        (_ends, (r'a\.png',), 'vague'),
        (lambda folder: (folder / MARKER).touch(), (), 'code'),
        (lambda folder: time.sleep(5), (), 'hang'),
    ],
)
def test_the_ends_of_a_case_are_told_apart(run, words, kind, tmp_path, monkeypatch):
    monkeypatch.setattr(cases, 'LIMIT', 0.2)
    case = Case('toys', 'a case', lambda folder: folder, run, words, lambda result: result == 7)
    assert attempt(case, tmp_path).kind == kind
