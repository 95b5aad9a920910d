"""The paper's five training sets in its proportions, and the test sets of its script.

restorelab/datasets/recipes.py has the layout and the size of each set. `python
tools/check_data.py` says what is missing below data/.
Training crops are the official ones, with their black borders (see BlackFillCrop).
The channels of low-light images are equalized, as the release does for each path with "LOL" in it.
This tells the model the degradation. For a blind model, take ChannelHistEqualize out of both
pipelines.
"""

_crop = [
    dict(type='BlackFillCrop', size=256),
    dict(type='RandomFlip', horizontal=0.5),
    dict(type='PackRestoration'),
]
_crop_equalized = [
    dict(type='RandomCrop', size=256),
    dict(type='ChannelHistEqualize'),
    dict(type='RandomFlip', horizontal=1.0),
    dict(type='PackRestoration'),
]
train_dataloader = dict(
    batch_size=10,
    num_workers=12,
    persistent_workers=True,
    sampler=dict(type='InfiniteSeededSampler'),
    batch_sampler=dict(
        type='BalancedBatchSampler', quota=dict(haze=4, lowlight=1, rain=2, snow=2, blur=1)
    ),
    dataset=dict(
        type='MixedDataset',
        datasets=[
            dict(type='RecipeDataset', recipe='ots_train', root='data', pipeline=_crop),
            dict(type='RecipeDataset', recipe='lol_train', root='data', pipeline=_crop_equalized),
            dict(type='RecipeDataset', recipe='rain13k_train', root='data', pipeline=_crop),
            dict(type='RecipeDataset', recipe='snow100k_train', root='data', pipeline=_crop),
            dict(type='RecipeDataset', recipe='gopro_train', root='data', pipeline=_crop),
        ],
    ),
)

_whole = [dict(type='PackRestoration')]
_whole_equalized = [dict(type='ChannelHistEqualize'), dict(type='PackRestoration')]
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='MixedDataset',
        datasets=[
            dict(type='RecipeDataset', recipe='sots_outdoor_test', root='data', pipeline=_whole),
            dict(type='RecipeDataset', recipe='lol_test', root='data', pipeline=_whole_equalized),
            dict(type='RecipeDataset', recipe='test2800_test', root='data', pipeline=_whole),
            dict(type='RecipeDataset', recipe='snow100k_s_test', root='data', pipeline=_whole),
            dict(type='RecipeDataset', recipe='gopro_test', root='data', pipeline=_whole),
        ],
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='RestorationMetric', protocols=['diffuir'])
test_evaluator = val_evaluator
