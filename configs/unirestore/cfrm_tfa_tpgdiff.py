"""CFRM and TFA of UniRestore on TPGDiff's network, priors and sampler, as configs/unirestore/cfrm_tfa_diffuir.py.

Run:    python tools/train.py configs/unirestore/cfrm_tfa_tpgdiff.py
Test:   python tools/test.py configs/unirestore/cfrm_tfa_tpgdiff.py CKPT
        the detector on images restored for the eye: --cfg-options model.restorer.adapters.4.prompt_for.det=ir
Needs:  2 CPU cores, about half an hour, MMDetection (`make detection`); no data set (shapes drawn onto photographs).
Expect: not measured.

It starts from the TPGDiff that ships, and at the first step restores as that one does. TPGDiff's own adapters and
priors stay on in the reference pass that CFRM learns from, with what they say of the degraded image.
"""
_base_ = ['../_base_/runtime.py']

model = dict(
    type='JointRestorer',
    restorer=dict(
        type='DiffusionRestorer',
        init_cfg=dict(type='StartFrom', checkpoint='restorelab:tpgdiff-small'),
        priors=[
            dict(
                type='CLIPDegradationPrior',
                tower=dict(image_size=64, patch_size=8, width=64, layers=4, head_width=32, embed_dim=64),
                resize=False,
                views=4,
                pretrained='restorelab:tpgdiff-priors-small'),
            dict(
                type='CLIPSemanticPrior',
                tower=dict(image_size=64, patch_size=8, width=64, layers=4, head_width=32, embed_dim=64),
                pretrained='restorelab:tpgdiff-priors-small'),
            dict(
                type='StructurePrior',
                cues=[dict(type='DarkChannelCue'), dict(type='SobelCue'), dict(type='BoxDoGCue')],
                image_size=64, width=8, num_blocks=6, token_dim=64, num_tokens=8, num_heads=4)],
        adapters=[
            dict(type='PromptTimeAdapter'),
            dict(type='TokenCrossAttention'),
            dict(
                type='PooledFiLM',
                taps=['enc.s1.block', 'enc.s2.block', 'enc.s4.block', 'dec.s4.block', 'dec.s2.block', 'dec.s1.block']),
            dict(type='CFRM', num_naf=[1, 1, 2], cut=False, zero_init=True),
            dict(type='TFA', tasks=['ir', 'det'], zero_init=True)],
        backbone=dict(
            type='IRSDEUNet', width=16, channel_mults=[1, 2, 4, 8],
            attention=['none', 'none', 'none', 'transformer'], mid_attention='transformer'),
        process=dict(type='MeanRevertingProcess', steps=100, noise_level=50 / 255, eps=0.005, prediction='residual'),
        loss=dict(type='L1Loss'),
        sampler=dict(type='MultistepDPM', steps=4, noise_scale=0.0)),
    tasks=dict(det=dict(
        type='MMDetTask',
        frozen=True,
        loss_weight=0.05,
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

_kinds = dict(type='Degrade', kinds=dict(  # those of configs/_base_/detection_data.py, to compare with configs/joint
    haze=dict(type='haze', beta=(1.0, 2.0), airlight=(0.7, 1.0)),
    noise=dict(type='gaussian_noise', sigma=(0.2, 0.35))))
_pipeline = [dict(type='RandomFlip', horizontal=0.5, vertical=0.5), _kinds, dict(type='PackRestoration')]
train_dataloader = dict(
    batch_size=6,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSeededSampler'),
    dataset=dict(type='TaskMixDataset', datasets=[
        dict(
            type='ComposedObjects', split='train', root='data/composed_objects', route='ir', tasks=['haze', 'noise'],
            all_tasks=True, pipeline=_pipeline),
        dict(
            type='ComposedObjects', split='train', root='data/composed_objects', route='det', tasks=['haze', 'noise'],
            all_tasks=True, pipeline=_pipeline)]))
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ComposedObjects', split='val', root='data/composed_objects', route='det', tasks=['haze', 'noise'],
        pipeline=[_kinds, dict(type='PackRestoration')]))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='RestorationMetric'),
    dict(type='ThreeViewMetric', metric=dict(
        type='mmdet.CocoMetric', ann_file='data/composed_objects/val.json', metric='bbox'))]
test_evaluator = val_evaluator

custom_hooks = [dict(
    type='TaskWarmupHook', task='det', max_iters=700, lr=2e-3,
    dataloader=dict(
        batch_size=12, num_workers=1, persistent_workers=True, sampler=dict(type='InfiniteSeededSampler'),
        dataset=dict(
            type='ComposedObjects', split='train', root='data/composed_objects', tasks=['clean'],
            pipeline=[
                dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
                dict(type='Degrade'),
                dict(type='PackRestoration')])))]
train_cfg = dict(max_iters=600, val_interval=600)
default_hooks = dict(checkpoint=dict(interval=600))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, betas=(0.9, 0.99), weight_decay=0.0),
    paramwise_cfg=dict(custom_keys={
        'restorer.backbone': dict(lr_mult=0.1),
        'prompts': dict(lr_mult=100)}),  # they enter divided by their width
    clip_grad=dict(max_norm=1.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=50, end=600)]
find_unused_parameters = True  # a single semantic token, and prompts that a batch does not use, leave weights idle
