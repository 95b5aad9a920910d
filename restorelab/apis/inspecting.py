"""Say what is wrong with pictures. ``restorelab inspect`` calls this."""

import tempfile
from pathlib import Path

from tqdm import tqdm

from restorelab.apis.inference import load
from restorelab.apis.jobs import find
from restorelab.io.images import ImageReadError
from restorelab.utils.sources import check_name

BAR = 20  # characters of a strength of 1


def inspect_files(
    source: str,
    model: str | None = None,
    checkpoint: str | None = None,
    device: str | None = None,
    trust: bool = False,
) -> int:
    """Print the strength of each degradation in every image of ``source``, as numbers and bars.

    Args:
        source: an image file, a folder with its subfolders, or a glob.
        model, checkpoint, device, trust: as in ``load``.
    Returns: 0, or 1 when a file could not be read.
    Raises: as ``restore_files``; ValueError for a model that does not tell degradations apart.
    """
    check_name('source', source)
    with tempfile.TemporaryDirectory() as nowhere:
        plan = find(source, nowhere)
    skipped = [f'{path}: {reason}' for path, reason in plan.unreadable.items()]
    restorer = load(model, checkpoint, device, trust)
    for job in plan.jobs:
        if job.is_video:
            continue
        try:
            tqdm.write(as_bars(job.path, restorer.inspect(job.path)))
        except ImageReadError as error:
            skipped.append(str(error))
    if skipped:
        tqdm.write('\n  '.join(['skipped:', *skipped]))
    return 1 if skipped else 0


def as_bars(path: Path, strengths: dict[str, float]) -> str:
    """The strengths in [0, 1] as lines with bars, the strongest first."""
    lines = [str(path)]
    width = max(len(kind) for kind in strengths)
    for kind, strength in sorted(strengths.items(), key=lambda item: -item[1]):
        bar = '█' * round(strength * BAR)
        lines.append(f'  {kind:{width}}  {strength:4.2f}  {bar}'.rstrip())
    return '\n'.join(lines)
