"""Test a DiffUIR in front of a stock RetinaNet on real fog: boxes, but no clean images.

Run:    python tools/test.py configs/joint/real_fog.py CHECKPOINT
        CHECKPOINT comes from configs/joint/coco_retinanet.py. Give the same
        model.tasks.det.checkpoint as there.
Needs:  the extra `detection`; images and instances.json in data/fog. The json has COCO's format
        and the classes person, bicycle, car, motorcycle, bus, truck.
Expect: not measured.
"""

_base_ = ['../_base_/runtime.py']

model = dict(
    type='JointRestorer',
    restorer='configs/diffuir/allinone.py',
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
        degradations=['fog'],
        pipeline=[dict(type='PackRestoration')],
    ),
)
test_evaluator = dict(
    type='ThreeViewMetric',
    metric=dict(type='mmdet.CocoMetric', ann_file='data/fog/instances.json', metric='bbox'),
)
