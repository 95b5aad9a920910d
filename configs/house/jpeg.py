"""The house restorer's JPEG stage: removes the artifacts of JPEG.

Run:    python tools/train.py configs/house/jpeg.py
Needs:  1 CPU core, about 25 minutes. No data set and no network: it trains on the photographs
        inside scikit-image.
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: projects/house/README.md has the results on 411 photographs.

It also sees pictures that are noisy, dark, hazy, rainy or blurred, and learns to leave them so.
"""

_base_ = [
    '../_base_/allinone_data.py',
    '../_base_/regression_schedule.py',
    '../_base_/runtime.py',
]

model = dict(
    type='RegressionRestorer',
    backbone=dict(type='ResidualUNet', widths=[48, 96, 160], blocks=[1, 1, 2]),
    loss=dict(type='PSNRLoss', weight=0.1, floor=3e-4),
)

_kinds = dict(
    noise=[
        dict(type='gaussian_noise', sigma=(0.0, 20 / 255)),
        dict(
            type='camera_noise',
            read_noise=(0.0, 0.006),
            shot_noise=(0.0, 0.02),
            softness=(0.0, 1.0),
        ),
    ],
    jpeg=[
        dict(type='jpeg', quality=(10, 40)),
        dict(type='jpeg', quality=(10, 40)),
        dict(type='jpeg', quality=(10, 98)),
        dict(type='jpeg', quality=(70, 98)),
        dict(type='jpeg_twice', first=(20, 95), second=(20, 95)),
    ],
    lowlight=dict(read_noise=0.0, shot_noise=0.0),
)
train_dataloader = dict(
    batch_size=9,
    num_workers=1,
    batch_sampler=dict(quota=dict(jpeg=8, clean=1)),
    dataset=dict(
        degradations=['jpeg', 'clean'],
        pipeline=[
            dict(type='RandomResize', scale=(0.6, 1.1), smallest=64),
            dict(type='RandomCrop', size=64),
            dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
            dict(type='RandomTranspose'),
            dict(type='MadePicture', share=0.15),
            dict(
                type='DegradeInOrder',
                order=['haze', 'lowlight', 'rain', 'snow', 'blur', 'noise', 'jpeg'],
                undo=['jpeg'],
                others=dict(haze=0.03, lowlight=0.05, rain=0.03, snow=0.03, blur=0.08, noise=0.15),
                kinds=_kinds,
            ),
            dict(type='PackRestoration'),
        ],
    ),
)
val_dataloader = dict(
    dataset=dict(
        degradations=['clean', 'jpeg'],
        pipeline=[
            dict(type='CenterCrop', size=256),
            dict(
                type='DegradeInOrder',
                order=['haze', 'lowlight', 'rain', 'snow', 'blur', 'noise', 'jpeg'],
            ),
            dict(type='PackRestoration'),
        ],
    )
)
test_dataloader = val_dataloader

train_cfg = dict(max_iters=16000, val_interval=3000)
optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(lr=1.2e-3, weight_decay=0.0),
)
custom_hooks = [
    dict(type='ChannelsLastHook'),
    dict(type='StepEMAHook', momentum=0.001),
]
