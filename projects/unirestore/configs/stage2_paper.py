"""UniRestore, stage 2, as published: TFA, and prompts for viewing, classification, segmentation.

Run:    tools/dist_train.sh projects/unirestore/configs/stage2_paper.py 8
        after stage1_paper.py. It starts from other weights by
        --cfg-options model.restorer.init_cfg.checkpoint=PATH
Needs:  8 GPUs (one crop of 512x512 each, gradients of six batches), 250,000 optimizer steps.
        80,000 images of ImageNet, Cityscapes, DIV2K, Flickr2K and OST below data/. SD-Turbo. A
        ResNet-50 and a DeepLabV3 in data/weights.
Expect: not measured here (no such data or hardware). The README has the paper's tables.

Departures:
- The segmentation network is torchvision's DeepLabV3. The authors do not share the weights of
  their DeepLabV3+.
- Cityscapes is degraded like the other sets, without the rendered fog of Foggy Cityscapes.
- The shares of the tasks are 1/4, 1/2 and 1/4. In the paper: 26.9, 50.0 and 23.1 percent.
- TFA is trained, as in the paper. The published code trains only the prompts (`frozen=True`).
"""

_base_ = ['../../../configs/_base_/runtime.py']

model = dict(
    type='JointRestorer',
    restorer='projects/unirestore/configs/stage1_paper.py',
    restorer_changes={
        'init_cfg': dict(type='StartFrom', checkpoint='work_dirs/stage1_paper/iter_400000.pth'),
        'adapters.cfrm.frozen': True,
        'adapters.control.frozen': True,
        'adapters.tfa': dict(type='TFA', tasks=['ir', 'cls', 'seg']),
        'objective': None,
        'loss': None,
        'step_losses': dict(
            image=dict(type='ViewingLoss', loss=dict(type='L1Loss', weight=10.0)),
            keep=dict(type='KeepViewingLoss', loss=dict(type='L1Loss')),
        ),
    },
    tasks=dict(
        cls=dict(
            type='ClassificationTask',
            network='resnet50',
            num_classes=1000,
            checkpoint='data/weights/resnet50.pth',
            loss_weight=0.1,
        ),
        seg=dict(
            type='SegmentationTask',
            network='deeplabv3_resnet50',
            num_classes=19,
            checkpoint='data/weights/deeplabv3_cityscapes.pth',
            loss_weight=0.1,
        ),
    ),
)

_pipeline = [
    dict(type='RandomCrop', size=512),
    dict(type='RandomFlip', horizontal=0.5),
    dict(type='Degrade'),
    dict(type='PackRestoration'),
]
_classes = [
    'road',
    'sidewalk',
    'building',
    'wall',
    'fence',
    'pole',
    'traffic light',
    'traffic sign',
    'vegetation',
    'terrain',
    'sky',
    'person',
    'rider',
    'car',
    'truck',
    'bus',
    'train',
    'motorcycle',
    'bicycle',
]
train_dataloader = dict(
    batch_size=1,
    num_workers=12,
    persistent_workers=True,
    sampler=dict(type='InfiniteSeededSampler'),
    batch_sampler=dict(type='BalancedBatchSampler', key='task', quota=dict(ir=1, cls=1, seg=2)),
    dataset=dict(
        type='MixedDataset',
        datasets=[
            dict(
                type='OnTheFlyDataset',
                source=['data/DIV2K_train_HR', 'data/Flickr2K', 'data/OST'],
                task='ir',
                degradations=['corruption'],
                pipeline=_pipeline,
            ),
            dict(
                type='ClassFolders',
                source='data/imagenet_subset',
                degradation='corruption',
                pipeline=[dict(type='RandomResize', scale=(0.0, 0.0), smallest=512), *_pipeline],
            ),
            dict(
                type='LabelMapDataset',
                source='data/cityscapes/leftImg8bit/train',
                maps='data/cityscapes/gtFine/train',
                classes=_classes,
                degradation='corruption',
                suffix='_leftImg8bit',
                map_suffix='_gtFine_labelTrainIds',
                pipeline=_pipeline,
            ),
        ],
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='LabelMapDataset',
        source='data/cityscapes/leftImg8bit/val',
        maps='data/cityscapes/gtFine/val',
        classes=_classes,
        degradation='corruption',
        suffix='_leftImg8bit',
        map_suffix='_gtFine_labelTrainIds',
        pipeline=[
            dict(type='CenterCrop', size=960),
            dict(type='Degrade', kinds=dict(corruption=dict(severity=3))),
            dict(type='PackRestoration'),
        ],
    ),
)
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='RestorationMetric'),
    dict(type='ThreeViewMetric', metric=dict(type='MeanIoU', num_classes=19)),
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
