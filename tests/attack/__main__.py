"""Run the standing attack, and print how its cases end.

    python -m tests.attack
    python -m tests.attack --only weights

Each failure is named. ``tests.attack.cases`` says what the columns mean. The exit code is 1 where a
case is vague, silent, hangs or runs code. A native loop that no alarm ends is killed with a
traceback after ``DEADLINE`` seconds.
"""

import argparse
import faulthandler
import logging
import os
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')

from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from tests.attack.cases import FAILURES, LIMIT, OUTCOMES, Case, Outcome, attempt, clear_folder

DEADLINE = 4 * LIMIT


def run(cases: list[Case]) -> list[tuple[Case, Outcome]]:
    """Attempt all cases, one after the other."""
    results = []
    bar = tqdm(cases, unit='case', mininterval=1, file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        for case in bar:
            bar.set_postfix_str(case.group, refresh=False)
            faulthandler.dump_traceback_later(DEADLINE, exit=True)
            outcome = attempt(case, Path(folder))
            faulthandler.cancel_dump_traceback_later()
            clear_folder(Path(folder))
            results.append((case, outcome))
            if outcome.failed:
                tqdm.write(f'{outcome.kind}: {case}\n    {outcome.text}', file=sys.stderr)
    return results


def table_of(results: list[tuple[Case, Outcome]]) -> Table:
    """A row for each class, and the total."""
    counts: dict[str, Counter] = {}
    for case, outcome in results:
        counts.setdefault(case.group, Counter())[outcome.kind] += 1
    counts['total'] = sum(counts.values(), Counter())
    table = Table()
    table.add_column('class')
    for name in ('tried', *OUTCOMES):
        table.add_column(name, justify='right')
    for group, count in counts.items():
        if group == 'total':
            table.add_section()
        numbers = [count.total(), *(count[kind] for kind in OUTCOMES)]
        table.add_row(group, *map(str, numbers))
    return table


def main() -> int:
    parser = argparse.ArgumentParser(prog='python -m tests.attack', description=__doc__)
    parser.add_argument('--only', metavar='CLASS', help='classes that begin with this word')
    args = parser.parse_args()
    warnings.simplefilter('ignore')
    logging.disable(logging.CRITICAL)
    from tests.attack.table import CASES

    cases = [case for case in CASES if case.group.startswith(args.only or '')]
    if not cases:
        parser.error(f'--only {args.only}: the classes are {sorted({c.group for c in CASES})}')
    results = run(cases)
    Console(width=100).print(table_of(results))
    return 1 if any(outcome.kind in FAILURES for _, outcome in results) else 0


if __name__ == '__main__':
    sys.exit(main())
