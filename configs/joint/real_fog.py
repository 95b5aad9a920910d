"""Score a DiffUIR in front of a stock RetinaNet on real fog: boxes in COCO's format, no clean images.

Run:    python tools/test.py configs/joint/real_fog.py CHECKPOINT
        CHECKPOINT is one of configs/joint/coco_retinanet.py, for which model.tasks.det.checkpoint is as it was there.
Needs:  the extra `detection`; images and instances.json (person, bicycle, car, motorcycle, bus, truck) in data/fog.
Expect: not measured.
"""

_base_ = ['../_base_/small_diffuir.py', '../_base_/runtime.py']

model = dict(
    type='JointRestorer',
    restorer=_base_._diffuir,
    tasks=dict(
        det=dict(
            type='MMDetTask',
            detector='mmdet::retinanet/retinanet_r50_fpn_1x_coco.py',
            changes={'backbone.init_cfg': None},  # nothing is fetched
            classes=['person', 'bicycle', 'car', 'motorcycle', 'bus', 'truck'],
            detector_classes='coco',
            checkpoint=None,
            frozen=True,
            loss_weight=2.0,
        )
    ),
)

train_cfg = None
val_cfg = None
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='DetectionDataset',
        ann_file='data/fog/instances.json',
        lq='data/fog/images',
        tasks=['fog'],
        pipeline=[dict(type='PackRestoration')],
    ),
)
test_evaluator = dict(
    type='ThreeViewMetric',
    metric=dict(type='mmdet.CocoMetric', ann_file='data/fog/instances.json', metric='bbox'),
)
