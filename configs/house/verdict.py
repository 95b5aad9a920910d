"""The house restorer's verdict: which degradations a picture has, and how strong they are.

Run:    python tools/train.py configs/house/verdict.py
Needs:  1 CPU core, about 25 minutes. No data set and no network: it trains on the photographs
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
    type='StrengthEstimation',
    prior=dict(
        type='DegradationVerdict',
        kinds=['noise', 'jpeg', 'blur', 'rain', 'snow', 'haze', 'lowlight'],
    ),
    order=['haze', 'lowlight', 'rain', 'snow', 'blur', 'noise', 'jpeg'],
    loss=dict(type='MSELoss', weight=100),
)

_kinds = dict(
    haze=[
        dict(type='haze', beta=(0.5, 1.6), airlight=(0.7, 1.0)),
        dict(
            type='depth_haze',
            beta=(0.1, 2.0),
            airlight=(0.55, 0.95),
            tint=(0.0, 0.06),
            steepness=(0.0, 1.0),
        ),
        dict(
            type='depth_haze',
            beta=(0.1, 0.7),
            airlight=(0.7, 1.0),
            tint=(0.0, 0.03),
            steepness=(0.0, 1.0),
        ),
    ],
    lowlight=[
        dict(type='lowlight', gamma=(1.8, 3.0), gain=(0.35, 0.8), read_noise=0.0, shot_noise=0.0),
        dict(type='uneven_darkness', gamma=(1.2, 3.0), gain=(0.25, 0.75), evenness=(0.3, 1.0)),
    ],
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
    blur=[
        dict(type='motion_blur', length=(1.0, 21.0), bend=(-60.0, 60.0)),
        dict(type='defocus_blur', radius=(0.5, 3.5)),
    ],
    noise=[
        dict(type='gaussian_noise', sigma=(0.0, 55 / 255)),
        dict(type='gaussian_noise', sigma=(0.0, 10 / 255)),
        dict(
            type='camera_noise',
            read_noise=(0.0, 0.01),
            shot_noise=(0.0, 0.05),
            softness=(0.0, 1.5),
        ),
        dict(
            type='camera_noise',
            read_noise=(0.0, 0.004),
            shot_noise=(0.0, 0.02),
            softness=(0.0, 1.5),
        ),
        dict(type='sensor_noise', read_noise=(0.0, 0.03), shot_noise=(0.0, 0.05)),
    ],
    jpeg=[
        dict(type='jpeg', quality=(10, 40)),
        dict(type='jpeg', quality=(10, 98)),
        dict(type='jpeg_twice', first=(20, 95), second=(20, 95)),
    ],
)
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    batch_sampler=dict(
        quota=dict(clean=4, noise=2, jpeg=2, blur=2, rain=1, snow=1, haze=2, lowlight=2)
    ),
    dataset=dict(
        degradations=['clean', 'noise', 'jpeg', 'blur', 'rain', 'snow', 'haze', 'lowlight'],
        pipeline=[
            dict(type='RandomResize', scale=(0.45, 1.1), smallest=144),
            dict(type='RandomCrop', size=144),
            dict(type='RandomFlip', horizontal=0.5),
            dict(type='MadePicture', share=0.5, degradations=['clean', 'noise', 'jpeg']),
            dict(
                type='DegradeInOrder',
                order=['haze', 'lowlight', 'rain', 'snow', 'blur', 'noise', 'jpeg'],
                others=dict(
                    haze=0.03, lowlight=0.03, rain=0.04, snow=0.04, blur=0.08, noise=0.12, jpeg=0.15
                ),
                kinds=_kinds,
            ),
            dict(type='PackRestoration'),
        ],
    ),
)
val_dataloader = dict(
    dataset=dict(
        degradations=['blur', 'clean', 'haze', 'jpeg', 'lowlight', 'noise', 'rain', 'snow'],
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
val_evaluator = dict(type='StrengthMetric')
test_evaluator = val_evaluator

train_cfg = dict(max_iters=14000, val_interval=2000)
optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(lr=8e-4, weight_decay=0.0),
)
default_hooks = dict(panels=dict(per_degradation=0))
custom_hooks = [
    dict(type='ChannelsLastHook'),
    dict(type='StepEMAHook', momentum=0.001),
]
