"""UniRestore, stage 3, as described: detection is added by a new prompt and nothing else.

Run:    tools/dist_train.sh projects/unirestore/configs/stage3_paper.py 8
        after stage2_paper.py. It starts from other weights by
        --cfg-options model.restorer.init_cfg.checkpoint=PATH
Needs:  8 GPUs (one crop of 512x512 each, gradients of six batches), 250,000 optimizer steps.
        MMDetection. COCO below data/coco. SD-Turbo. The detector's weights as
        data/weights/retinanet_r50.pth.
Expect: not measured here, and no published result was found.

Departures:
- The published code cannot run this stage and would train all prompts. Here all prompts but the
  new one are frozen.
- The detector is MMDetection's RetinaNet R50-FPN, not torchvision's.
"""

_base_ = ['../../../configs/_base_/runtime.py']

_classes = ['person', 'bicycle', 'car', 'motorcycle', 'bus']
model = dict(
    type='JointRestorer',
    restorer='projects/unirestore/configs/stage2_paper.py',
    restorer_changes={
        'init_cfg': dict(checkpoint='work_dirs/stage2_paper/iter_1500000.pth', part='restorer'),
        'adapters.tfa': dict(
            tasks=['ir', 'cls', 'seg', 'det'],
            frozen=True,
            frozen_tasks=['ir', 'cls', 'seg'],
        ),
        'step_losses.image': None,
    },
    tasks=dict(
        det=dict(
            type='MMDetTask',
            detector='mmdet::retinanet/retinanet_r50_fpn_1x_coco.py',
            classes=_classes,
            detector_classes='coco',
            checkpoint='data/weights/retinanet_r50.pth',
            loss_weight=0.1,
        )
    ),
)

train_dataloader = dict(
    batch_size=1,
    num_workers=12,
    persistent_workers=True,
    sampler=dict(type='InfiniteSeededSampler'),
    dataset=dict(
        type='DetectionDataset',
        ann_file='data/coco/annotations/instances_train2017.json',
        gt='data/coco/train2017',
        classes=_classes,
        degradations=['corruption'],
        task='det',
        filter_empty=True,
        pipeline=[
            dict(type='RandomResize', scale=(0.8, 1.3), smallest=512),
            dict(type='RandomFlip', horizontal=0.5),
            dict(type='RandomCrop', size=512, objects=True),
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
        classes=_classes,
        degradations=['corruption'],
        task='det',
        pipeline=[
            dict(type='Degrade', kinds=dict(corruption=dict(severity=3))),
            dict(type='PackRestoration'),
        ],
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

train_cfg = dict(max_iters=1500000, val_interval=60000)  # six batches make one step
default_hooks = dict(checkpoint=dict(interval=60000))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=8.66e-5, betas=(0.95, 0.999), weight_decay=0.01),
    paramwise_cfg=dict(flat_decay_mult=0, bias_decay_mult=0),
    accumulative_counts=6,
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
