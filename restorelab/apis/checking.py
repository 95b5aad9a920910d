"""Check the data sets below a folder."""

from pathlib import Path

from restorelab.datasets.check import check_data, recipes_in
from restorelab.datasets.recipes import RECIPES


def check_all(
    root: str | Path, names: list[str] | None = None, quick: bool = False
) -> dict[str, list[str]]:
    """Problems of the data sets called ``names`` below ``root``, by name; an empty list where all is sound.

    Without ``names``, those of which a folder exists. ``quick`` reads no image.
    Raises: KeyError for an unknown name, FileNotFoundError when no known data set is there.
    """
    names = names or recipes_in(root)
    if not names:
        raise FileNotFoundError(
            f'{root}: none of the known data sets is in it; they are\n{recipe_table()}'
        )
    return {name: check_data(root, name, quick) for name in names}


def recipe_table() -> str:
    """One line a known data set: name, degradation, folders and expected counts."""
    lines = []
    for name, recipe in RECIPES.items():
        folders = (('lq', recipe.lq, recipe.num_lq), ('gt', recipe.gt, recipe.num_gt))
        parts = [
            f'{role} {folder} ({count or "?"})'
            for role, folder, count in folders
            if folder is not None
        ]
        lines.append(f'  {name:<24} {recipe.degradation:<9} {", ".join(parts)}')
    return '\n'.join(lines)
