"""What is wrong with a data set on disk, file by file."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mmengine.utils import ProgressBar

from restorelab.datasets.base import find_images
from restorelab.datasets.pairing import Pairs, pair_folders
from restorelab.datasets.recipes import RECIPES, Recipe, find_recipe
from restorelab.utils.images import ImageReadError, read_image


def check_data(root: str | Path, recipe: str | Recipe, quick: bool = False) -> list[str]:
    """Problems of a data set below ``root``, one line each, beginning with the file or folder; empty when it is sound.

    Missing folders, wrong counts, degraded images without a clean one, files whose names fit no pattern, and, unless
    ``quick``, files that cannot be read whole and pairs that differ in size. Shows a progress bar on standard error.
    Raises: KeyError for an unknown recipe.
    """
    recipe, root = (
        (find_recipe(recipe) if isinstance(recipe, str) else recipe),
        Path(root).expanduser(),
    )
    lq, gt = (None if folder is None else root / folder for folder in (recipe.lq, recipe.gt))
    missing = [
        f'{folder}: no such folder'
        for folder in (lq, gt)
        if folder is not None and not folder.is_dir()
    ]
    if missing:
        return missing
    try:
        found = _find(lq, gt, recipe)
    except ValueError as error:
        return [str(error)]
    problems = _count_problems(found, lq, gt, recipe)
    if gt is not None:
        problems += [f'{path}: has no clean image in {gt}' for path in found.lonely]
    problems += [f'{path}: its name does not fit the recipe' for path in found.ignored]
    return problems if quick else problems + list(_read_problems(found))


def recipes_in(root: str | Path) -> list[str]:
    """Names of the recipes of which a folder exists below ``root``."""
    root = Path(root).expanduser()
    return [
        name
        for name, recipe in RECIPES.items()
        if any(folder is not None and (root / folder).is_dir() for folder in (recipe.lq, recipe.gt))
    ]


def _find(lq: Path | None, gt: Path | None, recipe: Recipe) -> Pairs:
    if lq is not None and gt is not None:
        return pair_folders(lq, gt, recipe.lq_name, recipe.gt_name)
    images = find_images(gt if lq is None else lq)
    return Pairs(
        pairs=[],
        lonely=[] if lq is None else images,
        unused=images if lq is None else [],
        ignored=[],
    )


def _count_problems(found: Pairs, lq: Path | None, gt: Path | None, recipe: Recipe) -> list[str]:
    counts = ((lq, found.num_lq, recipe.num_lq), (gt, found.num_gt, recipe.num_gt))
    return [
        f'{folder}: {there} images, expected {wanted}'
        for folder, there, wanted in counts
        if wanted is not None and there != wanted
    ]


def _read_problems(found: Pairs) -> Iterator[str]:
    """Read every file whole, in threads (decoding releases Python's lock), and compare the sizes of pairs."""
    lonely = list(dict.fromkeys(found.lonely + found.unused))
    paths = list(dict.fromkeys([path for pair in found.pairs for path in pair] + lonely))
    bar = ProgressBar(len(paths), file=sys.stderr)
    sizes = {}
    with ThreadPoolExecutor() as pool:
        for path, size in zip(paths, pool.map(_size, paths), strict=True):
            bar.update()
            if isinstance(size, str):
                yield size
            else:
                sizes[path] = size
    sys.stderr.write('\n')
    for lq, gt in found.pairs:
        if lq in sizes and gt in sizes and sizes[lq] != sizes[gt]:
            yield f'{lq}: is {sizes[lq]}, but {gt} is {sizes[gt]} (height, width)'


def _size(path: Path) -> tuple[int, int] | str:
    """(height, width), or what keeps the file from being read."""
    try:
        return read_image(path).shape[:2]
    except ImageReadError as error:
        return str(error)
