"""Which degraded image belongs to which clean one: by names, or by a list file."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from restorelab.datasets.base import find_images, name_in, some


@dataclass(frozen=True)
class Pairs:
    """Result of pairing two folders.

    ``pairs``: (lq, gt) in the order of lq.  ``lonely``: degraded images without a clean one.
    ``unused``: clean images without a degraded one.  ``ignored``: files whose names the patterns do not match.
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


def identify(folder: str | Path, pattern: str) -> tuple[dict[Path, tuple[str, ...]], list[Path]]:
    """The identity of each image below ``folder``, and the images that have none.

    ``pattern`` is a regular expression for the whole name below the folder, without extension (``scene1/blur/0003``);
    its groups are the identity. Raises: ValueError for a pattern without a group, or one that matches no file.
    """
    rule = re.compile(pattern)
    if not rule.groups:
        raise ValueError(
            f"pattern '{pattern}' has no group; put what pairs share in parentheses, as in '(.*)_rain'"
        )
    paths = find_images(folder)
    matches = {path: rule.fullmatch(name_in(path, folder)) for path in paths}
    identities = {path: match.groups() for path, match in matches.items() if match}
    if not identities:
        raise ValueError(
            f"{folder}: no name matches the pattern '{pattern}'; the names are "
            f'{some(name_in(path, folder) for path in paths)}'
        )
    return identities, [path for path, match in matches.items() if not match]


def pair_folders(
    lq: str | Path, gt: str | Path, lq_name: str = '(.*)', gt_name: str = '(.*)'
) -> Pairs:
    """Pair images by the groups of their names; extensions may differ, and several lq may share one gt.

    RESIDE's ``0005_0.8_0.04.jpg`` and ``0005.png``: ``lq_name='([^_]*)_.*'``. GoPro, where ``blur`` and ``sharp`` lie
    side by side in each scene: the same folder twice with ``'(.*)/blur/(.*)'`` and ``'(.*)/sharp/(.*)'``.
    Raises: FileNotFoundError for a missing folder; ValueError when two gt have one identity or nothing matches.
    """
    degraded, ignored = identify(lq, lq_name)
    clean, more_ignored = identify(gt, gt_name)
    if twice := [name for name, count in Counter(clean.values()).items() if count > 1]:
        same = [path for path, name in clean.items() if name == twice[0]]
        raise ValueError(
            f"{gt}: {some(same)} have the same identity {twice[0]} under the pattern '{gt_name}'; "
            'make the pattern tell them apart, or remove one'
        )
    by_name = {name: path for path, name in clean.items()}
    wanted = set(degraded.values())
    if Path(lq) == Path(gt):  # one folder, two patterns: what the other one matches is not ignored
        ignored = [path for path in ignored if path not in clean]
        more_ignored = [path for path in more_ignored if path not in degraded]
    return Pairs(
        pairs=[(path, by_name[name]) for path, name in degraded.items() if name in by_name],
        lonely=[path for path, name in degraded.items() if name not in by_name],
        unused=[path for name, path in by_name.items() if name not in wanted],
        ignored=list(dict.fromkeys(ignored + more_ignored)),
    )


def read_list(
    list_file: str | Path, root: str | Path
) -> list[tuple[Path, Path | None, str | None]]:
    """(lq, gt, degradation) of each line of a list file: ``lq``, ``lq gt`` or ``lq gt degradation``, paths relative to ``root``.

    Columns are divided by tabs where the line has one (then names may hold spaces), else by spaces. Empty lines and
    those that begin with ``#`` are skipped.
    Raises: FileNotFoundError for the list or for files in it, ValueError that names a line of another form.
    """
    list_file, root = Path(list_file).expanduser(), Path(root).expanduser()
    if not list_file.is_file():
        raise FileNotFoundError(f'{list_file}: no such list file')
    rows = []
    for number, line in enumerate(list_file.read_text(encoding='utf-8-sig').splitlines(), start=1):
        if not line.strip() or line.startswith('#'):
            continue
        columns = [
            column.strip() for column in (line.split('\t') if '\t' in line else line.split())
        ]
        if not (1 <= len(columns) <= 3 and all(columns)):
            raise ValueError(
                f"{list_file}, line {number}: '{line}' has {len(columns)} columns; wanted are lq, gt and "
                'degradation, divided by spaces, or by tabs where names hold spaces'
            )
        lq, gt, degradation = [*columns, None, None][:3]
        rows.append((root / lq, root / gt if gt else None, degradation))
    if not rows:
        raise ValueError(f'{list_file}: no line in it names an image')
    if missing := [
        path for lq, gt, _ in rows for path in (lq, gt) if path is not None and not path.is_file()
    ]:
        raise FileNotFoundError(
            f'{list_file} names {len(missing)} file(s) that do not exist: {some(missing)}'
        )
    return rows
