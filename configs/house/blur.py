"""The house restorer's blur stage: sharpens pictures that are shaken or out of focus.

Run:    python tools/train.py configs/house/blur.py
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
    blur=[
        dict(type='motion_blur', length=(5.0, 21.0), bend=(-60.0, 60.0)),
        dict(type='defocus_blur', radius=(1.0, 3.5)),
        dict(type='motion_blur', length=(1.0, 12.0), bend=(-60.0, 60.0)),
        dict(type='defocus_blur', radius=(0.5, 2.0)),
    ],
    lowlight=dict(read_noise=0.0, shot_noise=0.0),
    noise=dict(type='gaussian_noise', sigma=(0.0, 4 / 255)),
    jpeg=dict(type='jpeg', quality=(80, 98)),
)
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    batch_sampler=dict(quota=dict(blur=7, clean=1)),
    dataset=dict(
        degradations=['blur', 'clean'],
        pipeline=[
            dict(type='RandomResize', scale=(0.6, 1.1), smallest=80),
            dict(type='RandomCrop', size=80),
            dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
            dict(type='RandomTranspose'),
            dict(type='MadePicture', share=0.5, degradations=['clean']),
            dict(
                type='DegradeInOrder',
                order=['haze', 'lowlight', 'rain', 'snow', 'blur', 'noise', 'jpeg'],
                undo=['blur', 'noise'],
                others=dict(haze=0.04, lowlight=0.04, noise=0.15, jpeg=0.1),
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

train_cfg = dict(max_iters=24000, val_interval=3000)
optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(lr=1.2e-3, weight_decay=0.0),
)
custom_hooks = [
    dict(type='ChannelsLastHook'),
    dict(type='StepEMAHook', momentum=0.001),
]
