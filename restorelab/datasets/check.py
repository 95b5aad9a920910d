"""What is wrong with a data set on disk, file by file."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mmengine.utils import ProgressBar

from restorelab.datasets.base import find_images, find_images_and_faults
from restorelab.datasets.pairing import Pairs, pair_folders
from restorelab.datasets.recipes import RECIPES, Recipe, find_recipe
from restorelab.io.images import ImageReadError, read_image


def check_data(root: str | Path, recipe: str | Recipe, quick: bool = False) -> list[str]:
    """Problems of a data set below ``root``; an empty list when it is sound.

    Each problem is one line that begins with the file or folder. Looked for are missing folders,
    wrong numbers of images, degraded images without a clean one, and names that fit no pattern.
    Unless ``quick``, also files that cannot be read whole, and pairs that differ in size; this
    shows a progress bar on standard error.
    Raises: KeyError for an unknown recipe.
    """
    if isinstance(recipe, str):
        recipe = find_recipe(recipe)
    folders = _folders(root, recipe)
    missing = [f'{f}: no such folder' for f in folders.values() if not f.is_dir()]
    if missing:
        return missing
    try:
        found = _find(folders, recipe)
    except ValueError as error:
        return [str(error)]
    problems = _count_problems(found, folders, recipe)
    for folder in dict.fromkeys(folders.values()):
        problems += find_images_and_faults(folder)[1]
    if 'gt' in folders:
        problems += [f'{path}: has no clean image in {folders["gt"]}' for path in found.lonely]
    problems += [f'{path}: its name does not fit the recipe' for path in found.ignored]
    if not quick:
        problems += _read_problems(found)
    return problems


def recipes_in(root: str | Path) -> list[str]:
    """Names of the recipes of which a folder exists below ``root``."""
    names = []
    for name, recipe in RECIPES.items():
        if any(folder.is_dir() for folder in _folders(root, recipe).values()):
            names.append(name)
    return names


def _folders(root: str | Path, recipe: Recipe) -> dict[str, Path]:
    """The folders of a recipe, by ``lq`` and ``gt``."""
    folders = {}
    for role, folder in (('lq', recipe.lq), ('gt', recipe.gt)):
        if folder is not None:
            folders[role] = Path(root).expanduser() / folder
    return folders


def _find(folders: dict[str, Path], recipe: Recipe) -> Pairs:
    if len(folders) == 2:
        return pair_folders(folders['lq'], folders['gt'], recipe.lq_name, recipe.gt_name)
    if 'lq' in folders:
        return Pairs(pairs=[], lonely=find_images(folders['lq']), unused=[], ignored=[])
    return Pairs(pairs=[], lonely=[], unused=find_images(folders['gt']), ignored=[])


def _count_problems(found: Pairs, folders: dict[str, Path], recipe: Recipe) -> list[str]:
    problems = []
    counts = dict(lq=(found.num_lq, recipe.num_lq), gt=(found.num_gt, recipe.num_gt))
    for role, (there, wanted) in counts.items():
        if wanted is not None and there != wanted:
            problems.append(f'{folders[role]}: {there} images, expected {wanted}')
    return problems


def _read_problems(found: Pairs) -> Iterator[str]:
    """Read every file whole, in threads, and compare the sizes of pairs.

    Decoding releases Python's lock, so threads help.
    """
    paths = [path for pair in found.pairs for path in pair]
    paths = list(dict.fromkeys(paths + found.lonely + found.unused))
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
    """(height, width), or the reason why the file cannot be read."""
    try:
        return read_image(path).shape[:2]
    except ImageReadError as error:
        return str(error)
