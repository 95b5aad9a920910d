"""A small DiffUIR that restores for a detector: RetinaNet's losses on its output train it, too.

Run:    python tools/train.py configs/joint/diffuir_retinanet.py
        python tools/test.py configs/joint/diffuir_retinanet.py \
            work_dirs/diffuir_retinanet/iter_300.pth
Needs:  the extra `detection` (`make detection`). 2 CPU cores, less than 15 minutes. No data set
        and no network: shapes are drawn onto the photographs inside scikit-image.
        docs/joint_training.md says how to take your own detector and data.
Expect: mAP about 0.08 on restored images, 0.03 on degraded ones and 0.15 on clean ones.
        docs/joint_training.md has more results.

The detector first learns on clean images (TaskWarmupHook). Then it is frozen.
Options of the command line make other trainings of this config:
    restoration only            model.tasks.det.loss_weight=0
    detector on restorations    model.train_restorer=False model.tasks.det.frozen=False
"""

_base_ = [
    '../_base_/detection_data.py',
    '../_base_/runtime.py',
]

model = dict(
    type='JointRestorer',
    restorer='configs/diffuir/allinone.py',
    restorer_changes={
        'backbone.width': 16,
        'process.train_times': [999],  # the one step of the sampler: it trains what restores
        'sampler.steps': 1,
    },
    tasks=dict(
        det=dict(
            type='MMDetTask',
            detector='configs/detectors/retinanet_shapes.py',
            frozen=True,
            loss_weight=6.0,
        )
    ),
)

train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        type='ComposedObjects',
        split='train',
        root='data/composed_objects',
        degradations=['haze', 'noise'],
        all_degradations=True,
        pipeline=[
            dict(type='RandomCrop', size=96, objects=True),
            dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
            dict(
                type='Degrade',
                kinds=dict(
                    haze=dict(type='haze', beta=(1.0, 2.0), airlight=(0.7, 1.0)),
                    noise=dict(type='gaussian_noise', sigma=(0.2, 0.35)),
                ),
            ),
            dict(type='PackRestoration'),
        ],
    ),
)
train_cfg = dict(max_iters=300, val_interval=300)
default_hooks = dict(checkpoint=dict(interval=300))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, betas=(0.9, 0.99), weight_decay=0.0),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=0.1667),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False, begin=0.1667),
]
custom_hooks = [
    dict(
        type='TaskWarmupHook',
        task='det',
        max_iters=700,
        lr=2e-3,
        dataloader=dict(
            batch_size=12,
            num_workers=1,
            persistent_workers=True,
            sampler=dict(type='InfiniteSeededSampler'),
            dataset=dict(
                type='ComposedObjects',
                split='train',
                root='data/composed_objects',
                degradations=['clean'],
                pipeline=[
                    dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
                    dict(type='Degrade'),
                    dict(type='PackRestoration'),
                ],
            ),
        ),
    ),
    dict(type='StepEMAHook', momentum=0.02),
]
