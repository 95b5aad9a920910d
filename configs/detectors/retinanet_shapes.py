"""A RetinaNet of 1.7 million parameters for the shapes of configs/_base_/detection_data.py.

A task takes it by its path:
    det=dict(type='MMDetTask', detector='configs/detectors/retinanet_shapes.py')
and changes it by `changes={'bbox_head.num_classes': 6}`.
"""

model = dict(
    type='mmdet.RetinaNet',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=32,
    ),
    backbone=dict(
        type='ResNet',
        depth=18,
        base_channels=24,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=False,
        style='pytorch',
    ),
    neck=dict(
        type='FPN', in_channels=[24, 48, 96, 192], out_channels=48, start_level=1, num_outs=3
    ),
    bbox_head=dict(
        type='RetinaHead',
        num_classes=4,
        in_channels=48,
        stacked_convs=2,
        feat_channels=48,
        anchor_generator=dict(
            type='AnchorGenerator',
            octave_base_scale=2.5,
            scales_per_octave=2,
            ratios=[1.0],
            strides=[8, 16, 32],
        ),
        bbox_coder=dict(
            type='DeltaXYWHBBoxCoder',
            target_means=[0.0, 0.0, 0.0, 0.0],
            target_stds=[1.0, 1.0, 1.0, 1.0],
        ),
        loss_cls=dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
        loss_bbox=dict(type='SmoothL1Loss', beta=0.11, loss_weight=1.0),
    ),
    train_cfg=dict(
        assigner=dict(
            type='MaxIoUAssigner',
            pos_iou_thr=0.5,
            neg_iou_thr=0.4,
            min_pos_iou=0,
            ignore_iof_thr=-1,
        ),
        sampler=dict(type='PseudoSampler'),
        allowed_border=-1,
        pos_weight=-1,
    ),
    test_cfg=dict(
        nms_pre=500,
        min_bbox_size=0,
        score_thr=0.05,
        nms=dict(type='nms', iou_threshold=0.5),
        max_per_img=50,
    ),
)
