"""The journal of a run and its report."""

import csv
import json

import pytest

from restorelab.apis.records import (
    FAILED,
    NO_PICTURE,
    RESTORED,
    THERE,
    Journal,
    Record,
    check_report,
    count,
    summary,
    write_report,
)

GOOD = Record('a.png', RESTORED, 'out/a.png', width=3, height=2, found={'noise': 0.5})
BAD = Record('b.png', FAILED, reason='b.png: the file is empty')


@pytest.fixture
def report(tmp_path):
    return tmp_path / 'report [1].json'


def test_a_killed_run_leaves_its_records_for_the_next(report):
    for rank, record in enumerate((GOOD, BAD)):
        Journal(report, rank).add(record)
    assert Journal.earlier(report) == {'a.png': GOOD, 'b.png': BAD}


def test_a_line_that_a_kill_cut_off_is_left_out(report):
    journal = Journal(report)
    journal.add(GOOD)
    journal.add(BAD)
    path = Journal.files_of(report)[0]
    path.write_text(path.read_text()[:-10])
    assert list(Journal.earlier(report)) == ['a.png']


def test_a_report_in_json_holds_all_and_ends_the_journals(report):
    Journal(report).add(GOOD)
    write_report(report, [GOOD, BAD], dict(model='tiny'))
    content = json.loads(report.read_text())
    assert content['model'] == 'tiny'
    assert content['counts'] == {RESTORED: 1, THERE: 0, NO_PICTURE: 0, FAILED: 1}
    assert [Record(**entry) for entry in content['files']] == [GOOD, BAD]
    assert [path.name for path in report.parent.iterdir()] == [report.name]


def test_a_report_in_csv_has_a_column_for_each_strength(tmp_path):
    write_report(tmp_path / 'report.csv', [GOOD, BAD], {})
    with (tmp_path / 'report.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['path'] for row in rows] == ['a.png', 'b.png']
    assert [row['found.noise'] for row in rows] == ['0.5', '']
    assert rows[1]['reason'] == 'b.png: the file is empty'


def test_a_report_in_json_is_what_the_next_run_knows(report):
    write_report(report, [GOOD, BAD], {})
    assert Journal.earlier(report) == {'a.png': GOOD, 'b.png': BAD}
    assert check_report(report) == report


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('r.json', 'words'),
        ('r.json', '[1, 2]'),
        ('r.json', '{"name": "package"}'),
        ('r.json', '{"files": [{"path": "a.png"}]}'),
        ('r.csv', 'name,price\na,1\n'),
    ],
)
def test_a_file_that_is_no_report_is_never_replaced(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(FileExistsError, match='exists and is no report; choose another name'):
        check_report(tmp_path / name)
    write_report(tmp_path / f'good{name[1:]}', [GOOD], {})
    assert check_report(tmp_path / f'good{name[1:]}')


def test_without_a_report_no_journal_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    journal = Journal(None)
    journal.add(GOOD)
    assert journal.records == [GOOD]
    assert not list(tmp_path.iterdir())


def test_counts_and_summary_add_up():
    records = [GOOD, GOOD, BAD, Record('c.txt', NO_PICTURE)]
    assert sum(count(records).values()) == len(records)
    assert summary(records) == '4 files: 2 restored, 1 no picture, 1 failed'
    assert summary([GOOD]) == '1 file: 1 restored'


def test_a_report_of_another_kind_and_one_in_no_folder_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"r\.txt: a report is written as one of \['\.json'"):
        check_report(tmp_path / 'r.txt')
    with pytest.raises(FileNotFoundError, match='there is no folder'):
        check_report(tmp_path / 'gone/r.csv')
    assert check_report(None) is None
