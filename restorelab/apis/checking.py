"""Check the data sets below a folder."""

from pathlib import Path

from restorelab.datasets.check import check_data, recipes_in
from restorelab.datasets.recipes import RECIPES


def check_all(
    root: str | Path, names: list[str] | None = None, quick: bool = False
) -> dict[str, list[str]]:
    """The problems of data sets below ``root``, by name. A sound data set has an empty list.

    Args:
        names: of the data sets (default: those of which a folder exists).
        quick: read no image.
    Raises:
        KeyError: for an unknown name.
        FileNotFoundError: no known data set is there.
    """
    names = names or recipes_in(root)
    if not names:
        raise FileNotFoundError(
            f'{root}: none of the known data sets is in it; they are\n{recipe_table()}'
        )
    return {name: check_data(root, name, quick) for name in names}


def recipe_table() -> str:
    """One line for each known data set: name, degradation, folders and expected counts."""
    lines = []
    for name, recipe in RECIPES.items():
        parts = []
        for role, folder, count in (
            ('lq', recipe.lq, recipe.num_lq),
            ('gt', recipe.gt, recipe.num_gt),
        ):
            if folder is not None:
                parts.append(f'{role} {folder} ({count or "?"})')
        lines.append(f'  {name:<24} {recipe.degradation:<9} {", ".join(parts)}')
    return '\n'.join(lines)
