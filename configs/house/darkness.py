"""The house restorer's darkness stage: lifts underexposed pictures.

Run:    python tools/train.py configs/house/darkness.py
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
    backbone=dict(type='ToneCurve', name='darkness'),
    priors=dict(darkness=dict(type='TonePrior', name='darkness')),
    loss=dict(type='PSNRLoss', weight=0.1, floor=5e-3),
)

_kinds = dict(
    lowlight=[
        dict(type='lowlight', gamma=(1.8, 3.0), gain=(0.35, 0.8), read_noise=0.0, shot_noise=0.0),
        dict(type='lowlight', gamma=(1.8, 3.0), gain=(0.35, 0.8), read_noise=0.0, shot_noise=0.0),
        dict(type='lowlight', gamma=(1.2, 3.0), gain=(0.15, 1.0), read_noise=0.0, shot_noise=0.0),
        dict(type='uneven_darkness', gamma=(1.2, 3.0), gain=(0.25, 0.8), evenness=(0.3, 1.0)),
    ],
    noise=dict(type='gaussian_noise', sigma=(0.0, 30 / 255)),
    jpeg=dict(type='jpeg', quality=(20, 95)),
)
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    batch_sampler=dict(quota=dict(lowlight=5, clean=3)),
    dataset=dict(
        degradations=['lowlight', 'clean'],
        pipeline=[
            dict(type='RandomResize', scale=(0.22, 0.55), smallest=96),
            dict(type='RandomCrop', size=96),
            dict(type='RandomFlip', horizontal=0.5),
            dict(type='MadePicture', share=0.3, degradations=['clean']),
            dict(
                type='DegradeInOrder',
                order=['haze', 'lowlight', 'rain', 'snow', 'blur', 'noise', 'jpeg'],
                undo=['haze', 'lowlight'],
                others=dict(haze=0.05, rain=0.08, snow=0.08, blur=0.08, noise=0.15, jpeg=0.15),
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
