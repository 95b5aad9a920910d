"""A small TPGDiff that restores for a detector: FCOS's losses on its predicted clean image train it too.

Run:    python tools/train.py configs/joint/tpgdiff_fcos.py
        python tools/test.py configs/joint/tpgdiff_fcos.py work_dirs/tpgdiff_fcos/iter_300.pth
Needs:  the extra `detection` (`make detection`); no data set, no network (shapes on the photographs inside
        scikit-image).
Expect: not measured.

The detector learns on clean images first (TaskWarmupHook) and is frozen then.
"""

_base_ = [
    '../_base_/detection_data.py',
    '../_base_/detection_retinanet.py',
    '../_base_/detection_warmup.py',
    '../_base_/joint_schedule.py',
    '../_base_/small_tpgdiff.py',
    '../_base_/runtime.py',
]

model = dict(
    type='JointRestorer',
    restorer=_base_._tpgdiff,
    tasks=dict(
        det=dict(
            type='MMDetTask',
            frozen=True,
            loss_weight=6.0,
            detector=dict(
                type='mmdet.FCOS',
                data_preprocessor=_base_._retinanet.detector.data_preprocessor,
                backbone=_base_._retinanet.detector.backbone,
                neck=_base_._retinanet.detector.neck,
                bbox_head=dict(
                    type='FCOSHead',
                    num_classes=4,
                    in_channels=48,
                    stacked_convs=2,
                    feat_channels=48,
                    strides=[8, 16, 32],
                    regress_ranges=((-1, 24), (24, 48), (48, 1e8)),
                    norm_on_bbox=True,
                    centerness_on_reg=True,
                    center_sampling=True,
                    norm_cfg=dict(type='GN', num_groups=8),
                    loss_cls=dict(
                        type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0
                    ),
                    loss_bbox=dict(type='GIoULoss', loss_weight=1.0),
                    loss_centerness=dict(
                        type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0
                    ),
                ),
                test_cfg=_base_._retinanet.detector.test_cfg,
            ),
        )
    ),
)

train_dataloader = dict(dataset=_base_._train_set)
train_cfg = dict(max_iters=300, val_interval=300)
default_hooks = dict(checkpoint=dict(interval=300))
custom_hooks = [*_base_.custom_hooks, dict(type='StepEMAHook', momentum=0.02)]
find_unused_parameters = (
    True  # a single semantic token needs no query: those weights get no gradient
)
