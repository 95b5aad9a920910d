"""Three degradations in the proportions of Perceive-IR's release, and the benchmark `adair3`.

restorelab/datasets/recipes.py has the layout and the size of each set. `python
tools/check_data.py data` says what is missing.
Val: training images that are held out by their name (one in 51 to 2001). They are no test images.
     The release chooses its best checkpoint on the test sets.
Departures: Noise is rounded to 8 bits, and its sigma is one of three at random; the release trains
on floats, with each sigma in turn. Images smaller than a crop are extended by reflection, not
resized.
"""

_crop = [
    dict(type='PositiveView', size=256),
    dict(type='RandomCrop', size=256),
    dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
    dict(type='PackRestoration'),
]
_noise = dict(
    type='Degrade',
    kinds=dict(
        noise=dict(type='gaussian_noise', sigma=dict(choice=[15 / 255, 25 / 255, 50 / 255]))
    ),
)
_whole = [dict(type='PackRestoration')]
_sets = [  # recipe, one in how many is held out, what is done to its images first
    ('bsd400_wed_train', 201, [_noise]),
    ('ots_airnet_train', 2001, []),
    ('rain100l_train', 51, []),
]
train_dataloader = dict(
    batch_size=2,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='InfiniteSeededSampler'),
    batch_sampler=dict(type='GlobalBatchSampler'),
    dataset=dict(
        type='MixedDataset',
        repeats=[12, 1, 360],
        datasets=[
            dict(
                type='FoldDataset',
                folds=[0, 1],
                dataset=dict(
                    type='FoldDataset',
                    num_folds=parts,
                    folds=list(range(1, parts)),
                    dataset=dict(
                        type='RecipeDataset', recipe=recipe, root='data', pipeline=[*first, *_crop]
                    ),
                ),
            )
            for recipe, parts, first in _sets
        ],
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='MixedDataset',
        datasets=[
            dict(
                type='FoldDataset',
                num_folds=parts,
                folds=[0],
                dataset=dict(
                    type='RecipeDataset', recipe=recipe, root='data', pipeline=[*first, *_whole]
                ),
            )
            for recipe, parts, first in _sets
        ],
    ),
)
val_evaluator = dict(type='RestorationMetric', protocols=['adair3'])

_cropped = [dict(type='CenterModCrop', divisor=16), dict(type='PackRestoration')]
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='MixedDataset',
        datasets=[
            dict(
                type='NoiseBenchmarkDataset',
                protocol='adair3',
                root='data',
                sigmas=[15, 25, 50],
                pipeline=_whole,
            ),
            dict(type='RecipeDataset', recipe='sots_outdoor_test', root='data', pipeline=_cropped),
            dict(type='RecipeDataset', recipe='rain100l_test', root='data', pipeline=_cropped),
        ],
    ),
)
test_evaluator = val_evaluator
