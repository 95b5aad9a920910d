"""Perceive-IR stage 1 as released: a plain restorer that learns from fold 1 and renders fold 0.

Run:    tools/dist_train.sh projects/perceive_ir/configs/medium0.py 1
Test:   python tools/test.py projects/perceive_ir/configs/medium0.py CKPT
Needs:  one GPU, 20,000 iterations of 4 crops of 128. The five training sets below data/.
Expect: mediocre results. They are what this stage is for. 25,571,439 parameters.
Then:   python projects/perceive_ir/render_medium.py projects/perceive_ir/configs/medium0.py \
            work_dirs/medium0/iter_20000.pth work_dirs/medium1/iter_20000.pth \
            work_dirs/perceive_ir_triplets --draws 1
"""

_base_ = ['_base_/adair5_data.py', '../../../configs/_base_/runtime.py']

model = dict(
    type='RegressionRestorer', backbone=dict(type='RestormerUNet'), loss=dict(type='L1Loss')
)

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
    batch_size=4,
    dataset=dict(
        type='MixedDataset',
        repeats=[3, 1, 120, 50, 40],
        datasets=[
            dict(
                type='FoldDataset',
                folds=[1],  # the fold that it learns from
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
train_cfg = dict(max_iters=20000, val_interval=5000)
default_hooks = dict(checkpoint=dict(interval=5000))
optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-4, betas=(0.9, 0.999), weight_decay=0.01),
)
param_scheduler = dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False)
