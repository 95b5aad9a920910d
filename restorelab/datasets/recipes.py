"""The data sets of the four papers: where they lie, how their files pair, how many there should be.

A layout is the one that the paper's release reads, or the one in which the set is distributed.
Where a release pairs files by their sorted position, we pair by name. A count of None is not stated
anywhere.
"""

from dataclasses import dataclass

from restorelab.registry import nearest


@dataclass(frozen=True)
class Recipe:
    """One data set on disk. All folders are relative to the root that the user names.

    Attributes:
        lq, gt: folders of the degraded and of the clean images; None where there are none.
        num_lq, num_gt: expected number of images.
        used_by: names of methods.
        source: where the set and the numbers come from.
        lq_name, gt_name: patterns of ``pairing.pair_folders``.
    """

    degradation: str
    split: str
    lq: str | None
    gt: str | None
    num_lq: int | None
    num_gt: int | None
    used_by: tuple[str, ...]
    source: str
    lq_name: str = '(.*)'
    gt_name: str = '(.*)'


FIRST_WORD = r'(?:.*/)?([^/_]+)_[^/]*'  # 0005_0.8_0.04 -> 0005, in whatever subfolder
BASENAME = r'(?:.*/)?([^/]+)'
RAIN = 'joined synthetic rain sets as handed out with MPRNet (arXiv 2102.02808)'
GOPRO = 'GoPro (Nah et al., CVPR 2017), flat input/target folders'
GOPRO_SCENES = 'GoPro (Nah et al., CVPR 2017), scene folders as published'
LOL = 'LOL-v1 (Wei et al., BMVC 2018)'
RESIDE = 'RESIDE (Li et al., TIP 2019)'
SNOW = 'Snow100K (Liu et al., DesnowNet, TIP 2018)'
PROMPT_IR = "layout of PromptIR's release (arXiv 2306.13090), which AirNet and Perceive-IR share"
TPGDIFF = "layout of TPGDiff's release; its file lists are not published"


def _same_names(
    degradation: str,
    split: str,
    folder: str,
    lq: str,
    gt: str,
    count: int | None,
    used_by: tuple[str, ...],
    source: str,
) -> Recipe:
    return Recipe(
        degradation, split, f'{folder}/{lq}', f'{folder}/{gt}', count, count, used_by, source
    )


RECIPES = {
    'rain13k_train': _same_names(
        'rain', 'train', 'syn_rain/train', 'input', 'target', 13712, ('diffuir',), RAIN
    ),
    'rain100l_test': _same_names(
        'rain',
        'test',
        'syn_rain/test/Rain100L',
        'input',
        'target',
        100,
        ('diffuir', 'perceive_ir', 'tpgdiff', 'unirestore'),
        RAIN,
    ),
    'rain100h_test': _same_names(
        'rain', 'test', 'syn_rain/test/Rain100H', 'input', 'target', 100, ('diffuir',), RAIN
    ),
    'test100_test': _same_names(
        'rain', 'test', 'syn_rain/test/Test100', 'input', 'target', 100, ('diffuir',), RAIN
    ),
    'test1200_test': _same_names(
        'rain', 'test', 'syn_rain/test/Test1200', 'input', 'target', 1200, ('diffuir',), RAIN
    ),
    'test2800_test': _same_names(
        'rain', 'test', 'syn_rain/test/Test2800', 'input', 'target', 2800, ('diffuir',), RAIN
    ),
    'rain100l_train': Recipe(
        'rain',
        'train',
        'Train/Derain/rainy',
        'Train/Derain/gt',
        200,
        200,
        ('perceive_ir',),
        PROMPT_IR,
        lq_name=r'rain-(\d+)',
        gt_name=r'norain-(\d+)',
    ),
    'snow100k_train': _same_names(
        'snow', 'train', 'Snow100K/train', 'synthetic', 'gt', 50000, ('diffuir',), SNOW
    ),
    'snow100k_s_test': _same_names(
        'snow', 'test', 'Snow100K/test/Snow100K-S', 'synthetic', 'gt', 16611, ('diffuir',), SNOW
    ),
    'snow100k_l_test': _same_names(
        'snow', 'test', 'Snow100K/test/Snow100K-L', 'synthetic', 'gt', 16801, ('diffuir',), SNOW
    ),
    'gopro_train': _same_names(
        'blur', 'train', 'Deblur/train', 'input', 'target', 2103, ('diffuir', 'perceive_ir'), GOPRO
    ),
    'gopro_test': _same_names(
        'blur',
        'test',
        'Deblur/test/GoPro',
        'input',
        'target',
        1111,
        ('diffuir', 'perceive_ir', 'unirestore'),
        GOPRO,
    ),
    'gopro_scenes_train': Recipe(
        'blur',
        'train',
        'GOPRO_Large/train',
        'GOPRO_Large/train',
        2103,
        2103,
        ('diffuir', 'perceive_ir'),
        GOPRO_SCENES,
        lq_name='(.*)/blur/(.*)',
        gt_name='(.*)/sharp/(.*)',
    ),
    'gopro_scenes_test': Recipe(
        'blur',
        'test',
        'GOPRO_Large/test',
        'GOPRO_Large/test',
        1111,
        1111,
        ('diffuir', 'perceive_ir', 'unirestore'),
        GOPRO_SCENES,
        lq_name='(.*)/blur/(.*)',
        gt_name='(.*)/sharp/(.*)',
    ),
    'hide_test': _same_names(
        'blur',
        'test',
        'Deblur/test/HIDE',
        'input',
        'target',
        2025,
        ('diffuir',),
        'HIDE (Shen et al., ICCV 2019)',
    ),
    'realblur_j_test': _same_names(
        'blur',
        'test',
        'Deblur/test/Reblur_J',
        'input',
        'target',
        980,
        ('diffuir',),
        'RealBlur (Rim et al., ECCV 2020)',
    ),
    'realblur_r_test': _same_names(
        'blur',
        'test',
        'Deblur/test/Reblur_R',
        'input',
        'target',
        980,
        ('diffuir',),
        'RealBlur (Rim et al., ECCV 2020)',
    ),
    'ots_train': Recipe(
        'haze',
        'train',
        'RESIDE/OTS_ALPHA/haze/OTS',
        'RESIDE/OTS_ALPHA/clear/clear_images',
        313950,
        8970,
        ('diffuir',),
        RESIDE,
        lq_name=FIRST_WORD,
        gt_name=BASENAME,
    ),
    'ots_airnet_train': Recipe(
        'haze',
        'train',
        'Train/Dehaze/synthetic',
        'Train/Dehaze/original',
        72135,
        2061,
        ('perceive_ir',),
        PROMPT_IR,
        lq_name=FIRST_WORD,
        gt_name=BASENAME,
    ),
    'sots_outdoor_test': Recipe(
        'haze',
        'test',
        'RESIDE/SOTS/outdoor/hazy',
        'RESIDE/SOTS/outdoor/gt',
        500,
        492,
        ('diffuir', 'perceive_ir', 'tpgdiff', 'unirestore'),
        RESIDE,
        lq_name=FIRST_WORD,
    ),
    'rtts_test': Recipe(
        'haze', 'test', 'RTTS/JPEGImages', None, 4322, None, ('unirestore',), RESIDE
    ),
    'lol_train': _same_names(
        'lowlight', 'train', 'LOL/train', 'low', 'high', 485, ('diffuir', 'perceive_ir'), LOL
    ),
    'lol_test': _same_names(
        'lowlight', 'test', 'LOL/test', 'low', 'high', 15, ('diffuir', 'perceive_ir'), LOL
    ),
    'bsd400_wed_train': Recipe(
        'noise',
        'train',
        None,
        'Train/Denoise',
        None,
        5144,
        ('perceive_ir',),
        f'BSD400 and 4744 of WED; {PROMPT_IR}',
    ),
    'cbsd68_test': Recipe(
        'noise',
        'test',
        None,
        'CBSD68',
        None,
        68,
        ('perceive_ir', 'tpgdiff'),
        'Martin et al., ICCV 2001',
    ),
    'kodak24_test': Recipe(
        'noise', 'test', None, 'Kodak24', None, 24, ('perceive_ir',), 'Kodak PhotoCD'
    ),
    'urban100_test': Recipe(
        'noise', 'test', None, 'Urban100', None, 100, ('perceive_ir',), 'Huang et al., CVPR 2015'
    ),
    'tpgdiff_blurry_train': _same_names(
        'blur', 'train', 'train/blurry', 'LQ', 'GT', None, ('tpgdiff',), TPGDIFF
    ),
    'tpgdiff_hazy_train': _same_names(
        'haze', 'train', 'train/hazy', 'LQ', 'GT', None, ('tpgdiff',), TPGDIFF
    ),
    'tpgdiff_lowlight_train': _same_names(
        'lowlight', 'train', 'train/low-light', 'LQ', 'GT', None, ('tpgdiff',), TPGDIFF
    ),
    'tpgdiff_noisy_train': _same_names(
        'noise', 'train', 'train/noisy', 'LQ', 'GT', None, ('tpgdiff',), TPGDIFF
    ),
    'tpgdiff_rainy_train': _same_names(
        'rain', 'train', 'train/rainy', 'LQ', 'GT', None, ('tpgdiff',), TPGDIFF
    ),
    'df2k_ost_train': Recipe(
        'clean',
        'train',
        None,
        'DF2K_OST',
        None,
        13774,
        ('unirestore',),
        'DIV2K, Flickr2K and OST, as Real-ESRGAN joins them',
    ),
    'div2k_valid_test': Recipe(
        'clean',
        'test',
        None,
        'DIV2K_valid_HR',
        None,
        100,
        ('unirestore',),
        'Agustsson and Timofte, CVPRW 2017',
    ),
    'foggy_cityscapes_train': Recipe(
        'haze',
        'train',
        'leftImg8bit_foggyDBF/train',
        'leftImg8bit/train',
        8925,
        2975,
        ('unirestore',),
        'Foggy Cityscapes (Sakaridis et al., IJCV 2018), three densities',
        lq_name=r'(.*)_leftImg8bit_foggy_beta_[\d.]+',
        gt_name='(.*)_leftImg8bit',
    ),
}


def find_recipe(name: str) -> Recipe:
    """The recipe called ``name``. Raises KeyError that lists the names."""
    if name not in RECIPES:
        raise KeyError(
            f"no recipe is called '{name}'; nearest: {nearest(name, RECIPES) or 'none'}; all: "
            f'{sorted(RECIPES)}'
        )
    return RECIPES[name]
