"""The restorer of configs/joint/diffuir_retinanet.py without the task loss: what joint training is compared with.

Run:    python tools/train.py configs/joint/perception_only.py
Needs:  as configs/joint/diffuir_retinanet.py. The detector warms up in the same way, and is used for scoring only.
Expect: see docs/joint_training.md.
"""
_base_ = ['../_base_/detection_data.py', '../_base_/runtime.py']

model = dict(
    type='JointRestorer',
    restorer=dict(
        type='DiffusionRestorer',
        backbone=dict(type='ResidualDiffusionUNet', width=16, channel_mults=[1, 1, 1, 1], linear_attention='constant'),
        process=dict(type='SharedResidualProcess', steps=1000, delta=1.8e-3, noise_scale=0.1,
                     train_times=[332, 665, 999, 999, 999]),
        loss=dict(type='L1Loss'),
        sampler=dict(type='SDTDDIMSampler', steps=3)),
    tasks=dict(det=dict(
        type='MMDetTask',
        frozen=True,
        loss_weight=0.0,
        detector=dict(
            type='mmdet.RetinaNet',
            data_preprocessor=dict(
                type='DetDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
                bgr_to_rgb=True, pad_size_divisor=32),
            backbone=dict(
                type='ResNet', depth=18, base_channels=24, num_stages=4, out_indices=(0, 1, 2, 3),
                norm_cfg=dict(type='BN', requires_grad=True), norm_eval=False, style='pytorch'),
            neck=dict(type='FPN', in_channels=[24, 48, 96, 192], out_channels=48, start_level=1, num_outs=3),
            bbox_head=dict(
                type='RetinaHead', num_classes=4, in_channels=48, stacked_convs=2, feat_channels=48,
                anchor_generator=dict(
                    type='AnchorGenerator', octave_base_scale=2.5, scales_per_octave=2, ratios=[1.0],
                    strides=[8, 16, 32]),
                bbox_coder=dict(
                    type='DeltaXYWHBBoxCoder', target_means=[0.0, 0.0, 0.0, 0.0], target_stds=[1.0, 1.0, 1.0, 1.0]),
                loss_cls=dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
                loss_bbox=dict(type='SmoothL1Loss', beta=0.11, loss_weight=1.0)),
            train_cfg=dict(
                assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0,
                              ignore_iof_thr=-1),
                sampler=dict(type='PseudoSampler'), allowed_border=-1, pos_weight=-1, debug=False),
            test_cfg=dict(nms_pre=500, min_bbox_size=0, score_thr=0.05, nms=dict(type='nms', iou_threshold=0.5),
                          max_per_img=50)))))

train_cfg = dict(max_iters=800, val_interval=800)
default_hooks = dict(checkpoint=dict(interval=800))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, betas=(0.9, 0.99), weight_decay=0.0),
    clip_grad=dict(max_norm=1.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False, begin=50, end=800)]
custom_hooks = [
    dict(type='TaskWarmupHook', task='det', max_iters=700, lr=2e-3, dataloader=dict(
        batch_size=12,
        num_workers=1,
        persistent_workers=True,
        sampler=dict(type='InfiniteSeededSampler'),
        dataset=dict(
            type='ComposedObjects', split='train', root='data/composed_objects', tasks=['clean'],
            pipeline=[
                dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
                dict(type='Degrade'),
                dict(type='PackRestoration')]))),
    dict(type='StepEMAHook', momentum=0.01)]
find_unused_parameters = True  # the queries, keys and values of constant attention get no gradient
