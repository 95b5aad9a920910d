"""The known data sets of the papers."""

from collections.abc import Callable, Iterable
from pathlib import Path

from restorelab.datasets.base import RestorationDataset
from restorelab.datasets.paired_dataset import folder_records
from restorelab.datasets.recipes import find_recipe
from restorelab.registry import DATASETS


@DATASETS.register_module()
class RecipeDataset(RestorationDataset):
    """A known data set (``RECIPES``) below ``root``.

    A set of clean images needs ``Degrade`` in the pipeline.

    Args:
        recipe: its name.
        root: the folder that its layout begins in.
        pipeline, task: see ``RestorationDataset``.
    Raises: KeyError for an unknown recipe; FileNotFoundError or ValueError as ``PairedDataset``.
    """

    def __init__(
        self,
        recipe: str,
        root: str | Path,
        pipeline: Iterable[dict | Callable],
        task: str | None = None,
    ):
        self.recipe, root = find_recipe(recipe), Path(root).expanduser()
        lq = None if self.recipe.lq is None else root / self.recipe.lq
        gt = None if self.recipe.gt is None else root / self.recipe.gt
        records = folder_records(
            self.recipe.degradation, lq, gt, self.recipe.lq_name, self.recipe.gt_name
        )
        super().__init__(records, pipeline, task)
