"""UniRestore, stage 1, as published: CFRM, controller and tuners around the frozen SD-Turbo.

Run:    tools/dist_train.sh projects/unirestore/configs/stage1_paper.py 8
Needs:  8 GPUs (3 crops of 512x512 each, gradients of two batches), 200,000 optimizer steps.
        DIV2K, Flickr2K and OST below data/. SD-Turbo from the hub, or a local copy by
        --cfg-options model.codec.pretrained=FOLDER model.backbone.pretrained=FOLDER
Expect: not measured here (no such data or hardware). The README has the paper's tables.
"""

_base_ = ['../../../configs/_base_/runtime.py']

model = dict(
    type='DiffusionRestorer',
    codec=dict(type='LatentAutoencoder', pretrained='stabilityai/sd-turbo'),
    backbone=dict(type='SDTurboUNet', pretrained='stabilityai/sd-turbo'),
    process=dict(
        type='VariancePreservingProcess',
        schedule='scaled_linear',
        betas=(0.00085, 0.012),
        train_times=[249, 499, 749, 999, 999, 999],
        ends_clean=False,
    ),
    sampler=dict(type='DDIM', steps=1),
    adapters=dict(
        cfrm=dict(type='CFRM', num_naf=[1, 1, 9], loss_weights=[0.1, 0.1, 0.01]),
        control=dict(type='ControlSCTuner'),
    ),
    loss=dict(type='MSELoss'),
    objective=dict(type='CleanMatching'),
)

train_dataloader = dict(
    batch_size=3,
    num_workers=12,
    persistent_workers=True,
    sampler=dict(type='InfiniteSeededSampler'),
    dataset=dict(
        type='OnTheFlyDataset',
        source=['data/DIV2K_train_HR', 'data/Flickr2K', 'data/OST'],
        degradations=['corruption'],
        pipeline=[
            dict(type='RandomCrop', size=512),
            dict(type='RandomFlip', horizontal=0.5),
            dict(type='Degrade'),
            dict(type='PackRestoration'),
        ],
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='OnTheFlyDataset',
        source='data/DIV2K_valid_HR',
        degradations=['corruption'],
        pipeline=[
            dict(type='CenterCrop', size=512),
            dict(type='Degrade', kinds=dict(corruption=dict(severity=3))),
            dict(type='PackRestoration'),
        ],
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='RestorationMetric')
test_evaluator = val_evaluator

train_cfg = dict(max_iters=400000, val_interval=40000)  # two batches make one step
default_hooks = dict(checkpoint=dict(interval=40000))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=8.66e-5, betas=(0.95, 0.999), weight_decay=0.01),
    paramwise_cfg=dict(flat_decay_mult=0, bias_decay_mult=0),
    accumulative_counts=2,
)
# One cycle of the learning rate. The first beta of Adam goes the opposite way.
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=8.66e-5,
        total_steps=1.0,
        pct_start=0.1,
        div_factor=10,
        final_div_factor=1e4,
        by_epoch=False,
    ),
    dict(type='CosineAnnealingMomentum', eta_min=0.85, by_epoch=False, end=0.1),
    dict(type='CosineAnnealingMomentum', eta_min=0.95, by_epoch=False, begin=0.1),
]
randomness = dict(seed=42)
