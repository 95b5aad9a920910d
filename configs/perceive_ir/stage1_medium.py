"""Perceive-IR stage 1, small: the restorers whose results are the medium tier of quality.

Run:    python tools/train.py configs/perceive_ir/stage1_medium.py --work-dir work_dirs/medium0 \
            --cfg-options train_dataloader.dataset.folds=[1]
        python tools/train.py configs/perceive_ir/stage1_medium.py --work-dir work_dirs/medium1 \
            --cfg-options train_dataloader.dataset.folds=[0]
        python projects/perceive_ir/render_medium.py configs/perceive_ir/stage1_medium.py \
            work_dirs/medium0/iter_600.pth work_dirs/medium1/iter_600.pth work_dirs/triplets
Needs:  2 CPU cores, about 3 minutes each. No data set and no network: it trains on the photographs
        inside scikit-image.
Expect: mediocre results. They are what this stage is for.
Then:   configs/perceive_ir/stage1_prompts.py

Restorer k learns from the other fold and renders fold k. So no restorer renders an image that it
learned from.
"""

_base_ = ['../_base_/runtime.py']

model = dict(
    type='RegressionRestorer',
    backbone=dict(
        type='RestormerUNet',
        dim=16,
        blocks=[1, 1, 1, 2],
        heads=[1, 2, 4, 8],
        refinement=1,
        level1_reduce=False,
        bias=False,
    ),
    loss=dict(type='PSNRLoss', weight=0.01, floor=1e-4),
)

train_dataloader = dict(
    batch_size=5,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSeededSampler'),
    batch_sampler=dict(type='BalancedBatchSampler'),
    dataset=dict(
        type='FoldDataset',
        folds=[1],
        dataset=dict(
            type='OnTheFlyDataset',
            source='embedded',
            split='train',
            degradations=['blur', 'haze', 'lowlight', 'noise', 'rain'],
            pipeline=[
                dict(type='RandomCrop', size=64),
                dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
                dict(type='RandomTranspose'),
                dict(type='Degrade'),
                dict(type='PackRestoration'),
            ],
        ),
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='OnTheFlyDataset',
        source='embedded',
        split='val',
        degradations=['blur', 'haze', 'lowlight', 'noise', 'rain'],
        pipeline=[
            dict(type='CenterCrop', size=256),
            dict(type='Degrade'),
            dict(type='PackRestoration'),
        ],
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='RestorationMetric')
test_evaluator = val_evaluator
train_cfg = dict(max_iters=600, val_interval=600)
default_hooks = dict(checkpoint=dict(interval=200))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, betas=(0.9, 0.999), weight_decay=0.01),
)
param_scheduler = dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False)
