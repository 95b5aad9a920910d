"""Perceive-IR stage 1 as released: a plain restorer that learns from fold 0 and renders fold 1.

Run:    tools/dist_train.sh projects/perceive_ir/configs/medium1.py 1
Test:   python tools/test.py projects/perceive_ir/configs/medium1.py CKPT
Needs:  as medium0.py.
Expect: mediocre results, as medium0.py, which says how to go on.
"""

_base_ = ['medium0.py']

_crop = [
    dict(type='RandomCrop', size=128),
    dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
    dict(type='PackRestoration'),
]
_noise = dict(
    type='Degrade',
    kinds=dict(
        noise=dict(type='gaussian_noise', sigma=dict(choice=[15 / 255, 25 / 255, 50 / 255]))
    ),
)
_sets = [  # recipe; one image in how many is for validation; the pipeline
    ('bsd400_wed_train', 201, [_noise, *_crop]),
    ('ots_airnet_train', 2001, _crop),
    ('rain100l_train', 51, _crop),
    ('gopro_train', 101, _crop),
    ('lol_train', 51, _crop),
]
train_dataloader = dict(
    dataset=dict(
        datasets=[
            dict(
                type='FoldDataset',
                folds=[0],  # the fold that it learns from
                dataset=dict(  # without the images of validation
                    type='FoldDataset',
                    num_folds=parts,
                    folds=list(range(1, parts)),
                    dataset=dict(
                        type='RecipeDataset', recipe=recipe, root='data', pipeline=pipeline
                    ),
                ),
            )
            for recipe, parts, pipeline in _sets
        ],
    ),
)
