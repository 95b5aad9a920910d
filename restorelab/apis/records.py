"""What became of each file of a run: its journal while it runs, and its report at the end."""

import csv
import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from glob import escape
from pathlib import Path

from restorelab.utils.files import atomic_path

RESTORED, THERE, NO_PICTURE, FAILED = 'restored', 'there already', 'no picture', 'failed'
STATES = (RESTORED, THERE, NO_PICTURE, FAILED)
REPORT_EXTENSIONS = ('.json', '.csv')


@dataclass
class Record:
    """One file of the input.

    Attributes:
        path: of the file.
        status: one of ``STATES``.
        result: path of its result.
        reason: why it failed.
        width, height: in pixels, upright.
        frames: of an animation or a video, or pages.
        seconds: from opening the file to the whole result.
        lost: what the result could not keep.
        found: strength of each degradation in [0, 1], as the model sees it.
        scores: PSNR (dB) and SSIM to the clean picture, of the input and of the result.
    """

    path: str
    status: str
    result: str = ''
    reason: str = ''
    width: int = 0
    height: int = 0
    frames: int = 1
    seconds: float = 0.0
    lost: list[str] = field(default_factory=list)
    found: dict[str, float] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)


class Journal:
    """Records of this process, a line for each, so that a killed run loses none.

    ``REPORT.json`` has ``.REPORT.json.0.journal`` and so on beside it, one for each process.
    """

    def __init__(self, report: Path | None, rank: int = 0):
        self.report, self.records = report, []
        self._path = None if report is None else report.with_name(f'.{report.name}.{rank}.journal')

    def add(self, record: Record) -> None:
        self.records.append(record)
        if self._path is not None:
            with self._path.open('a', encoding='utf-8') as file:
                file.write(json.dumps(asdict(record)) + '\n')

    @staticmethod
    def files_of(report: Path) -> list[Path]:
        return sorted(report.parent.glob(f'.{escape(report.name)}.*.journal'))

    @staticmethod
    def earlier(report: Path | None) -> dict[str, Record]:
        """What is known of files from earlier runs with the same report, by path.

        It is in a report in JSON, and in the journals of a run that did not come to its end. A last
        line that was cut off by a kill is left out: its file is restored again, or known to be
        there.
        """
        found: dict[str, Record] = {}
        if report is None:
            return found
        if report.suffix.lower() == '.json' and report.exists():
            for entry in json.loads(report.read_text(encoding='utf-8'))['files']:
                found[entry['path']] = Record(**entry)
        for path in Journal.files_of(report):
            for line in path.read_text(encoding='utf-8').splitlines(keepends=True):
                if line.endswith('\n'):
                    record = Record(**json.loads(line))
                    found[record.path] = record
        return found


def check_report(report: str | os.PathLike | None) -> Path | None:
    """The path of a report.

    Raises: ValueError for an extension; FileNotFoundError for its folder; FileExistsError for
        another file of that name.
    """
    if report is None:
        return None
    path = Path(report)
    if path.suffix.lower() not in REPORT_EXTENSIONS:
        raise ValueError(
            f'{path}: a report is written as one of {list(REPORT_EXTENSIONS)}, by its extension'
        )
    if not path.parent.is_dir():
        raise FileNotFoundError(f'{path}: there is no folder {path.parent}; make it first')
    if path.exists() and not _is_report(path):
        raise FileExistsError(
            f'{path}: exists and is no report; choose another name for the report'
        )
    return path


def _is_report(path: Path) -> bool:
    """Whether an earlier run wrote it. Only a report is replaced."""
    if not path.is_file():
        return False
    text = path.read_text(encoding='utf-8', errors='replace')
    if path.suffix.lower() == '.csv':
        return text.startswith(','.join(each.name for each in fields(Record)[:4]))
    try:
        content = json.loads(text)
        return isinstance(content, dict) and all(Record(**entry) for entry in content['files'])
    except (ValueError, KeyError, TypeError):
        return False


def write_report(report: Path, records: list[Record], about: dict) -> None:
    """Write the report and remove the journals. An earlier report is replaced at the end.

    Args:
        about: what holds for all files: the model, its options.
    """
    with atomic_path(report) as temporary:
        if report.suffix.lower() == '.json':
            content = dict(about, counts=count(records), files=[asdict(each) for each in records])
            text = json.dumps(content, indent=1, ensure_ascii=False)
            temporary.write_text(text + '\n', encoding='utf-8')
        else:
            _write_csv(temporary, records)
    for path in Journal.files_of(report):
        path.unlink()


def _write_csv(path: Path, records: list[Record]) -> None:
    """One row for each file; strengths and scores in columns of their own."""
    rows = []
    for record in records:
        row = asdict(record) | dict(lost='; '.join(record.lost))
        for name in ('found', 'scores'):
            row |= {f'{name}.{key}': value for key, value in row.pop(name).items()}
        rows.append(row)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open('w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def count(records: Iterable[Record]) -> dict[str, int]:
    """How many files came to each of ``STATES``."""
    counts = Counter(record.status for record in records)
    return {state: counts[state] for state in STATES}


def summary(records: list[Record]) -> str:
    """``12 files: 9 restored, 2 there already, 1 no picture``."""
    parts = [f'{number} {state}' for state, number in count(records).items() if number]
    files = 'file' if len(records) == 1 else 'files'
    return f'{len(records)} {files}: {", ".join(parts)}'
