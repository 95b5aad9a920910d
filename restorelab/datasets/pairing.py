"""Which degraded image belongs to which clean one: by names, or by a list file."""

from dataclasses import dataclass
from pathlib import Path

import regex

from restorelab.datasets.base import find_images, name_in, some
from restorelab.datasets.faults import refuse_faults
from restorelab.utils.files import fault_of_file, fault_of_relative

Identity = tuple[str, ...]  # the groups of a pattern in a name
SECONDS = 1.0  # that a pattern may take for one name
MOST_REPEATS = 100_000  # that a pattern may ask for in {braces}; more fill the memory


@dataclass(frozen=True)
class Pairs:
    """Two paired folders.

    Attributes:
        pairs: (lq, gt), in the order of lq.
        lonely: degraded images without a clean one.
        unused: clean images without a degraded one.
        ignored: files whose names the patterns do not match.
    """

    pairs: list[tuple[Path, Path]]
    lonely: list[Path]
    unused: list[Path]
    ignored: list[Path]

    @property
    def num_lq(self) -> int:
        return len(self.pairs) + len(self.lonely)

    @property
    def num_gt(self) -> int:
        return len({gt for _, gt in self.pairs}) + len(self.unused)


def pair_folders(
    lq: str | Path, gt: str | Path, lq_name: str = '(.*)', gt_name: str = '(.*)'
) -> Pairs:
    """Pair images by the groups of their names. Extensions may differ, and lq may share a gt.

    RESIDE has ``0005_0.8_0.04.jpg`` and ``0005.png``: ``lq_name='([^_]*)_.*'``. GoPro has ``blur``
    and ``sharp`` side by side in each scene: the same folder twice, with ``'(.*)/blur/(.*)'`` and
    ``'(.*)/sharp/(.*)'``.
    Raises: FileNotFoundError for a missing folder; ValueError when two gt have one identity or
        nothing matches.
    """
    degraded, ignored_lq = identify(lq, lq_name)
    clean, ignored_gt = identify(gt, gt_name)
    clean_of = _by_identity(gt, gt_name, clean)
    pairs, lonely = [], []
    for path, identity in degraded.items():
        if identity in clean_of:
            pairs.append((path, clean_of[identity]))
        else:
            lonely.append(path)
    used = {partner for _, partner in pairs}
    unused = [path for path in clean if path not in used]
    if Path(lq) == Path(gt):  # one folder, two patterns: a file may match the other one
        ignored = [path for path in ignored_lq if path not in clean]
    else:
        ignored = list(dict.fromkeys(ignored_lq + ignored_gt))
    return Pairs(pairs, lonely, unused, ignored)


def identify(folder: str | Path, pattern: str) -> tuple[dict[Path, Identity], list[Path]]:
    """The identity of each image below ``folder``, and the images that have none.

    ``pattern`` is a regular expression for the whole name below the folder, without extension
    (``scene1/blur/0003``). Its groups are the identity.
    Raises: ValueError for what is no regular expression, for a pattern without a group, for one
        that matches no file, and for one that tries so many ways to match that it does not end.
    """
    _check_repeats(pattern)
    try:
        rule = regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"pattern '{pattern}' is no regular expression: {error}") from error
    if not rule.groups:
        raise ValueError(
            f"pattern '{pattern}' has no group; put what pairs share in parentheses, as in "
            "'(.*)_rain'"
        )
    paths = find_images(folder)
    identities, others = {}, []
    for path in paths:
        match = _match(rule, name_in(path, folder))
        if match:
            identities[path] = match.groups()
        else:
            others.append(path)
    if not identities:
        raise ValueError(
            f"{folder}: no name matches the pattern '{pattern}'; the names are "
            f'{some(name_in(path, folder) for path in paths)}'
        )
    return identities, others


def _check_repeats(pattern: str) -> None:
    """Raise ValueError for a pattern that is huge once its repetitions are written out."""
    product = 1
    for least, most in regex.findall(r'\{(\d*),?(\d*)\}', pattern):
        product *= max(1, int((most or least or '1')[:9]))
    if product > MOST_REPEATS:
        raise ValueError(
            f"pattern '{pattern}' repeats something {product} times; wanted are at most "
            f'{MOST_REPEATS}'
        )


def _match(rule: regex.Pattern, name: str) -> regex.Match | None:
    try:
        return rule.fullmatch(name, timeout=SECONDS)
    except TimeoutError as error:
        raise ValueError(
            f"pattern '{rule.pattern}' does not come to an end on the name '{name}'; write it "
            'without a repetition inside of a repetition, and without choices that match the same'
        ) from error


def _by_identity(
    folder: str | Path, pattern: str, identities: dict[Path, Identity]
) -> dict[Identity, Path]:
    """The path of each identity. Raises ValueError that names two paths of one identity."""
    paths: dict[Identity, Path] = {}
    for path, identity in identities.items():
        if identity in paths:
            raise ValueError(
                f'{folder}: {paths[identity]}, {path} have the same identity {identity} under the '
                f"pattern '{pattern}'; make the pattern tell them apart, or remove one"
            )
        paths[identity] = path
    return paths


def read_list(
    list_file: str | Path, root: str | Path
) -> list[tuple[Path, Path | None, str | None]]:
    """(lq, gt, degradation) of each line of a list file; paths in it are relative to ``root``.

    A line is ``lq``, ``lq gt`` or ``lq gt degradation``. Columns are divided by tabs where the line
    has one (then names may hold spaces), else by spaces. Empty lines and lines that begin with
    ``#`` are skipped.
    Raises: FileNotFoundError for the list or for files in it, ValueError that names the lines of
        another form, those with paths that lead out of ``root``, and a list that is not in UTF-8.
    """
    list_file, root = Path(list_file).expanduser(), Path(root).expanduser()
    fault = fault_of_file(list_file)
    if fault is not None:
        raise FileNotFoundError(f'{list_file}: {fault}; a list of images is wanted here')
    try:
        text = list_file.read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(f'{list_file}: not a text in UTF-8 ({error})') from error
    rows, faults = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith('#'):
            lq, gt, degradation = _columns(line, f'{list_file}, line {number}')
            for name in (lq, gt):
                why = name and fault_of_relative(name)
                if why:
                    faults.append(f'line {number}: {name!r} {why}')
            rows.append((root / lq, root / gt if gt else None, degradation))
    refuse_faults(str(list_file), faults)
    if not rows:
        raise ValueError(f'{list_file}: no line in it names an image')
    _check_exist(list_file, rows)
    return rows


def _columns(line: str, where: str) -> tuple[str, str | None, str | None]:
    parts = line.split('\t') if '\t' in line else line.split()
    columns = [part.strip() for part in parts]
    if len(columns) > 3 or not all(columns):
        raise ValueError(
            f"{where}: '{line}' has {len(columns)} columns; wanted are lq, gt and degradation, "
            'divided by spaces, or by tabs where names hold spaces'
        )
    lq, gt, degradation = [*columns, None, None][:3]
    return lq, gt, degradation


def _check_exist(list_file: Path, rows: list[tuple[Path, Path | None, str | None]]) -> None:
    missing = []
    for lq, gt, _ in rows:
        missing += [path for path in (lq, gt) if path is not None and fault_of_file(path)]
    if missing:
        raise FileNotFoundError(
            f'{list_file} names {len(missing)} file(s) that do not exist: {some(missing)}'
        )
