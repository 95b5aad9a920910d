"""A DiffUIR in front of a stock RetinaNet, on a detection set of your own in COCO's format.

Run:    python tools/train.py configs/joint/coco_retinanet.py \
            --cfg-options model.tasks.det.checkpoint=CHECKPOINT
        python tools/test.py configs/joint/coco_retinanet.py \
            work_dirs/coco_retinanet/iter_40000.pth
        CHECKPOINT is a download: MMDetection's retinanet_r50_fpn_1x_coco. docs/joint_training.md
        has other data sets.
Needs:  the extra `detection`; a GPU; COCO in data/coco (train2017, val2017, annotations).
        RESTORELAB_CACHE_MIB=0 saves memory: decoded images of COCO would not fit.
Expect: not measured.
"""

_base_ = ['../_base_/runtime.py']

model = dict(
    type='JointRestorer',
    restorer='configs/diffuir/allinone.py',
    restorer_changes=dict(init_cfg=dict(type='StartFrom', checkpoint='restorelab:diffuir-tiny')),
    tasks=dict(
        det=dict(
            type='MMDetTask',
            detector='mmdet::retinanet/retinanet_r50_fpn_1x_coco.py',
            changes={'backbone.init_cfg': None},  # nothing is fetched
            checkpoint=None,
            frozen=True,
            loss_weight=2.0,
        )
    ),
)

train_dataloader = dict(
    batch_size=8,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='InfiniteSeededSampler'),
    dataset=dict(
        type='DetectionDataset',
        ann_file='data/coco/annotations/instances_train2017.json',
        gt='data/coco/train2017',
        degradations=['haze', 'noise'],
        all_degradations=True,
        filter_empty=True,
        pipeline=[
            dict(type='RandomResize', scale=(0.8, 1.3), smallest=256),
            dict(type='RandomCrop', size=256, objects=True),
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
        type='DetectionDataset',
        ann_file='data/coco/annotations/instances_val2017.json',
        gt='data/coco/val2017',
        degradations=['haze', 'noise'],
        pipeline=[dict(type='Degrade'), dict(type='PackRestoration')],
    ),
)
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='RestorationMetric'),
    dict(
        type='ThreeViewMetric',
        metric=dict(
            type='mmdet.CocoMetric',
            ann_file='data/coco/annotations/instances_val2017.json',
            metric='bbox',
        ),
    ),
]
test_evaluator = val_evaluator

train_cfg = dict(max_iters=40000, val_interval=10000)
default_hooks = dict(checkpoint=dict(interval=10000))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=3e-4, betas=(0.9, 0.99), weight_decay=0.0),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=0.0125),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False, begin=0.0125),
]
custom_hooks = [dict(type='StepEMAHook', momentum=0.002)]
