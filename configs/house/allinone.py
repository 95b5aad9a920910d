"""The house restorer: a verdict on the picture, then a network for each kind of damage in it.

Run:    the stages first, then this, which joins them:
            for stage in verdict jpeg grain blur weather haze darkness; do
                python tools/train.py configs/house/$stage.py
            done
            python projects/house/join_stages.py work_dirs house.safetensors
            python tools/restore.py PHOTO OUT.png --model house.safetensors
        To train all stages further as one: python tools/train.py configs/house/allinone.py
            --cfg-options load_from=house.safetensors
Needs:  see the stages. Ours ships with restorelab, as `house`.
Expect: projects/house/README.md
"""

_base_ = [
    '../_base_/allinone_data.py',
    '../_base_/regression_schedule.py',
    '../_base_/runtime.py',
]

model = dict(
    type='RegressionRestorer',
    priors=dict(
        verdict=dict(
            type='DegradationVerdict',
            kinds=['noise', 'jpeg', 'blur', 'rain', 'snow', 'haze', 'lowlight'],
        ),
        haze=dict(type='TonePrior', name='haze'),
        darkness=dict(type='TonePrior', name='darkness'),
    ),
    backbone=dict(
        type='StagedNetwork',
        stages=dict(
            jpeg=dict(
                type='Stage',
                kinds=['jpeg'],
                always=True,
                backbone=dict(type='ResidualUNet', widths=[48, 96, 160], blocks=[1, 1, 2]),
            ),
            grain=dict(
                type='Stage',
                kinds=['noise'],
                always=True,
                backbone=dict(type='ResidualUNet', widths=[48, 96, 160], blocks=[1, 1, 2]),
            ),
            blur=dict(
                type='Stage',
                kinds=['blur'],
                closed=0.1,
                full=0.3,
                backbone=dict(type='ResidualUNet', widths=[48, 96, 160], blocks=[1, 1, 2]),
            ),
            weather=dict(
                type='Stage',
                kinds=['rain', 'snow'],
                closed=0.52,
                full=0.6,
                backbone=dict(type='ResidualUNet', widths=[48, 96, 160], blocks=[1, 1, 2]),
            ),
            darkness=dict(
                type='Stage',
                kinds=['lowlight'],
                closed=0.58,
                full=0.68,
                backbone=dict(type='ToneCurve', name='darkness'),
            ),
            haze=dict(
                type='Stage',
                kinds=['haze'],
                closed=0.61,
                full=0.75,
                backbone=dict(type='ToneCurve', name='haze'),
            ),
        ),
    ),
    loss=dict(type='PSNRLoss', weight=0.1, floor=1e-4),
)

train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        degradations=['blur', 'clean', 'haze', 'jpeg', 'lowlight', 'noise', 'rain', 'snow'],
        pipeline=[
            dict(type='RandomResize', scale=(0.5, 1.1), smallest=128),
            dict(type='RandomCrop', size=128),
            dict(type='RandomFlip', horizontal=0.5),
            dict(
                type='DegradeInOrder',
                order=['haze', 'lowlight', 'rain', 'snow', 'blur', 'noise', 'jpeg'],
                others=dict(noise=0.1, jpeg=0.1),
            ),
            dict(type='PackRestoration'),
        ],
    ),
)
val_dataloader = dict(
    dataset=dict(degradations=['blur', 'haze', 'jpeg', 'lowlight', 'noise', 'rain', 'snow'])
)
test_dataloader = val_dataloader

train_cfg = dict(max_iters=6000, val_interval=1500)
optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(lr=2e-4, weight_decay=0.0),
)
custom_hooks = [
    dict(type='ChannelsLastHook'),
    dict(type='StepEMAHook', momentum=0.001),
]
