"""The known data sets on disk."""

import pytest

from restorelab.datasets import RECIPES, RecipeDataset
from tests.datasets.pictures import save_all

PACK = [dict(type='PackRestoration')]


FILES = dict(
    rain100l_train=('rain-12.png', 'norain-12.png'),
    gopro_scenes_train=('GOPR0372_07_00/blur/000047.png', 'GOPR0372_07_00/sharp/000047.png'),
    ots_train=('0005_0.8_0.04.jpg', '0005.jpg'),
    ots_airnet_train=('part1/0005_0.8_0.04.jpg', '0005.jpg'),
    sots_outdoor_test=('0001_0.8_0.2.jpg', '0001.png'),
    lol_test=('1.png', '1.png'),
    foggy_cityscapes_train=(
        'aachen/aachen_000000_000019_leftImg8bit_foggy_beta_0.005.png',
        'aachen/aachen_000000_000019_leftImg8bit.png',
    ),
)


@pytest.mark.parametrize('name', FILES)
def test_a_recipe_pairs_the_files_of_its_set(tmp_path, name):
    recipe, (lq, gt) = RECIPES[name], FILES[name]
    save_all(tmp_path, [f'{recipe.lq}/{lq}', f'{recipe.gt}/{gt}'])
    data = RecipeDataset(name, tmp_path, PACK)
    assert data.degradations == [recipe.degradation]
    assert 'gt' in data[0]['data_samples']


def test_a_set_of_clean_images_is_degraded_by_the_pipeline(tmp_path):
    save_all(tmp_path, ['CBSD68/1.png'])
    data = RecipeDataset('cbsd68_test', tmp_path, [dict(type='Degrade'), *PACK])
    assert (data[0]['inputs'] != data[0]['data_samples'].gt).any()


def test_a_set_of_real_images_has_no_gt(tmp_path):
    save_all(tmp_path, ['RTTS/JPEGImages/1.png'])
    assert 'gt' not in RecipeDataset('rtts_test', tmp_path, PACK)[0]['data_samples']


def test_an_unknown_recipe_names_the_nearest():
    with pytest.raises(KeyError, match=r"'rain100_test'; nearest: \['rain100"):
        RecipeDataset('rain100_test', '.', PACK)
