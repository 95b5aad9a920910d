"""The table of known data sets."""

import re

import pytest

from restorelab.datasets import RECIPES
from restorelab.datasets.transforms.degrade import DEFAULT_KINDS

METHODS = {'diffuir', 'perceive_ir', 'tpgdiff', 'unirestore'}


@pytest.mark.parametrize('name', RECIPES)
def test_a_recipe_is_complete(name):
    recipe = RECIPES[name]
    assert recipe.degradation in DEFAULT_KINDS
    assert name.endswith(f'_{recipe.split}')
    assert recipe.lq or recipe.gt
    assert recipe.lq is not None or recipe.num_lq is None
    assert recipe.gt is not None or recipe.num_gt is None
    assert set(recipe.used_by) <= METHODS
    assert recipe.used_by
    assert recipe.source
    if recipe.lq and recipe.gt:
        assert re.compile(recipe.lq_name).groups == re.compile(recipe.gt_name).groups > 0
