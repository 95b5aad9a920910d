"""The house restorer's weather stage: removes rain and snow.

Run:    python tools/train.py configs/house/weather.py
Needs:  1 CPU core, about 45 minutes. No data set and no network: it trains on the photographs
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
    backbone=dict(type='ResidualUNet', widths=[48, 96, 160], blocks=[1, 1, 2]),
    loss=dict(type='PSNRLoss', weight=0.1, floor=1e-4),
)

_kinds = dict(
    rain=[
        dict(
            type='rain',
            density=(0.002, 0.012),
            length=(12.0, 32.0),
            brightness=(0.5, 0.9),
            slant=(-25.0, 25.0),
        ),
        dict(
            type='rain',
            density=(0.0005, 0.012),
            length=(6.0, 40.0),
            brightness=(0.1, 0.9),
            slant=(-45.0, 45.0),
        ),
        dict(
            type='soft_rain',
            density=(0.0005, 0.008),
            length=(8.0, 32.0),
            width=(1.0, 3.5),
            brightness=(0.15, 1.0),
            slant=(-35.0, 35.0),
        ),
    ],
    snow=[
        dict(type='snow', density=(0.003, 0.02), size=(3.0, 9.0), opacity=(0.7, 0.95)),
        dict(type='snow', density=(0.0005, 0.02), size=(2.0, 12.0), opacity=(0.2, 1.0)),
    ],
    lowlight=dict(read_noise=0.0, shot_noise=0.0),
    noise=dict(type='gaussian_noise', sigma=(0.0, 10 / 255)),
    jpeg=dict(type='jpeg', quality=(60, 95)),
)
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    batch_sampler=dict(quota=dict(rain=3, snow=3, clean=2)),
    dataset=dict(
        degradations=['rain', 'snow', 'clean'],
        pipeline=[
            dict(type='RandomResize', scale=(0.6, 1.1), smallest=64),
            dict(type='RandomCrop', size=64),
            dict(type='RandomFlip', horizontal=0.5),
            dict(type='MadePicture', share=0.3, degradations=['clean']),
            dict(
                type='DegradeInOrder',
                order=['haze', 'lowlight', 'rain', 'snow', 'blur', 'noise', 'jpeg'],
                undo=['rain', 'snow', 'noise'],
                others=dict(haze=0.06, lowlight=0.06, noise=0.1, jpeg=0.1),
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

train_cfg = dict(max_iters=26000, val_interval=3000)
optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(lr=1.2e-3, weight_decay=0.0),
)
custom_hooks = [
    dict(type='ChannelsLastHook'),
    dict(type='StepEMAHook', momentum=0.001),
]
