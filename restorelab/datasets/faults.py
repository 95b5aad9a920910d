"""One error for many faults of the files that a user gives."""

from collections.abc import Iterable

SHOWN = 20


def refuse_faults(what: str, faults: Iterable[str], shown: int = SHOWN) -> None:
    """Raise ValueError that lists the first ``faults`` of ``what`` and counts all, if any."""
    faults = list(faults)
    if not faults:
        return
    lines = [f'{what}: {len(faults)} fault(s), so nothing is read', *faults[:shown]]
    if len(faults) > shown:
        lines.append(f'and {len(faults) - shown} more')
    raise ValueError('\n  '.join(lines))
