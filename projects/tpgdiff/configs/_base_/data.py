"""The paper's five training folders in equal shares, and the usual test sets of its degradations.

The release names no test set and has no list of files. restorelab/datasets/recipes.py has the
layout and the size of each set.
"""

_train_pipeline = [
    dict(type='RandomCrop', size=256),
    dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
    dict(type='RandomTranspose'),
    dict(type='PackRestoration'),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=6,
    persistent_workers=True,
    sampler=dict(type='InfiniteSeededSampler'),
    batch_sampler=dict(type='BalancedBatchSampler'),
    dataset=dict(
        type='MixedDataset',
        datasets=[
            dict(
                type='RecipeDataset',
                recipe='tpgdiff_blurry_train',
                root='data/tpgdiff',
                pipeline=_train_pipeline,
            ),
            dict(
                type='RecipeDataset',
                recipe='tpgdiff_hazy_train',
                root='data/tpgdiff',
                pipeline=_train_pipeline,
            ),
            dict(
                type='RecipeDataset',
                recipe='tpgdiff_lowlight_train',
                root='data/tpgdiff',
                pipeline=_train_pipeline,
            ),
            dict(
                type='RecipeDataset',
                recipe='tpgdiff_noisy_train',
                root='data/tpgdiff',
                pipeline=_train_pipeline,
            ),
            dict(
                type='RecipeDataset',
                recipe='tpgdiff_rainy_train',
                root='data/tpgdiff',
                pipeline=_train_pipeline,
            ),
        ],
    ),
)
_val_pipeline = [dict(type='PackRestoration')]
_noise_pipeline = [
    dict(type='Degrade', kinds=dict(noise=dict(type='gaussian_noise', sigma=25 / 255))),
    dict(type='PackRestoration'),
]
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='MixedDataset',
        datasets=[
            dict(type='RecipeDataset', recipe='gopro_test', root='data', pipeline=_val_pipeline),
            dict(
                type='RecipeDataset',
                recipe='sots_outdoor_test',
                root='data',
                pipeline=_val_pipeline,
            ),
            dict(type='RecipeDataset', recipe='lol_test', root='data', pipeline=_val_pipeline),
            dict(type='RecipeDataset', recipe='cbsd68_test', root='data', pipeline=_noise_pipeline),
            dict(type='RecipeDataset', recipe='rain100l_test', root='data', pipeline=_val_pipeline),
        ],
    ),
)
test_dataloader = val_dataloader
