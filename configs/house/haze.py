"""The house restorer's haze stage: removes haze and fog.

Run:    python tools/train.py configs/house/haze.py
Needs:  1 CPU core, about 20 minutes. No data set and no network: it trains on the photographs
        inside scikit-image.
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: projects/house/README.md has the results on 411 photographs.
"""

_base_ = [
    '../_base_/allinone_data.py',
    '../_base_/regression_schedule.py',
    '../_base_/runtime.py',
]

model = dict(
    type='RegressionRestorer',
    backbone=dict(type='ToneCurve', name='haze'),
    priors=dict(haze=dict(type='TonePrior', name='haze')),
    loss=dict(type='PSNRLoss', weight=0.1, floor=5e-3),
)

_kinds = dict(
    haze=[
        dict(type='haze', beta=(0.5, 1.6), airlight=(0.7, 1.0)),
        dict(type='haze', beta=(0.5, 1.6), airlight=(0.7, 1.0)),
        dict(type='haze', beta=(0.1, 0.8), airlight=(0.6, 1.0)),
        dict(
            type='depth_haze',
            beta=(0.1, 2.0),
            airlight=(0.55, 0.95),
            tint=(0.0, 0.06),
            steepness=(0.0, 1.0),
        ),
    ],
    lowlight=dict(read_noise=0.0, shot_noise=0.0),
    noise=dict(type='gaussian_noise', sigma=(0.0, 30 / 255)),
    jpeg=dict(type='jpeg', quality=(20, 95)),
)
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    batch_sampler=dict(quota=dict(haze=5, clean=3)),
    dataset=dict(
        degradations=['haze', 'clean'],
        pipeline=[
            dict(type='RandomResize', scale=(0.22, 0.55), smallest=96),
            dict(type='RandomCrop', size=96),
            dict(type='RandomFlip', horizontal=0.5),
            dict(type='MadePicture', share=0.3, degradations=['clean']),
            dict(
                type='DegradeInOrder',
                order=['haze', 'lowlight', 'rain', 'snow', 'blur', 'noise', 'jpeg'],
                undo=['haze'],
                others=dict(lowlight=0.05, rain=0.08, snow=0.08, blur=0.08, noise=0.15, jpeg=0.15),
                kinds=_kinds,
            ),
            dict(type='PackRestoration'),
        ],
    ),
)
val_dataloader = dict(
    dataset=dict(degradations=['blur', 'haze', 'jpeg', 'lowlight', 'noise', 'rain', 'snow'])
)
test_dataloader = val_dataloader

train_cfg = dict(max_iters=12000, val_interval=2000)
optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(lr=6e-4, weight_decay=0.0),
)
custom_hooks = [
    dict(type='ChannelsLastHook'),
    dict(type='StepEMAHook', momentum=0.001),
]
