"""UniRestore, stage 3, small: a new task, detection, by a new prompt and nothing else.

Run:    python tools/train.py configs/unirestore/stage3_add_task.py
        after configs/unirestore/stage2.py; other weights: --cfg-options model.restorer.init_cfg.checkpoint=PATH
Needs:  2 CPU cores, about 10 minutes, MMDetection (`make detection`); no data set (shapes drawn onto photographs).
Expect: falling losses and nothing to look at, see stage1.py. The restorations for the tasks of stage 2 stay bit for bit
        what they were: all but the prompt `det` is frozen. The detector, a small RetinaNet, learns along.
"""
_base_ = ['../_base_/detection_retinanet.py', '../_base_/runtime.py']

model = dict(
    type='JointRestorer',
    restorer=dict(
        type='LatentRestorer',
        init_cfg=dict(type='StartFrom', checkpoint='work_dirs/stage2/iter_600.pth', part='restorer'),
        backbone=dict(type='LatentAutoencoder', vae=dict(
            block_out_channels=[16, 32, 32, 32], layers_per_block=1, norm_num_groups=8)),
        prior=dict(
            type='SDTurboPrior',
            unet=dict(
                block_out_channels=[32, 64], layers_per_block=1, attention_head_dim=8, cross_attention_dim=32,
                norm_num_groups=8, down_block_types=['CrossAttnDownBlock2D', 'DownBlock2D'],
                up_block_types=['UpBlock2D', 'CrossAttnUpBlock2D'])),
        adapters=[
            dict(type='CFRM', num_naf=[1, 1, 2], frozen=True),
            dict(type='ControlSCTuner', frozen=True, controller=dict(
                width=32, channel_mults=[1, 2], attention=[True, False], out_channels=32)),
            dict(
                type='TFA', tasks=['ir', 'cls', 'seg', 'det'], frozen=True, frozen_tasks=['ir', 'cls', 'seg'])],
        image_loss=dict(type='L1Loss'),
        image_weight=10.0,
        min_side=64,
        pad_multiple=16),
    tasks=dict(det=dict(_base_._retinanet, frozen=False, loss_weight=0.1)))

_corruptions = dict(
    type='resized_corruption',
    name=dict(choice=[
        'brightness', 'clean', 'contrast', 'defocus_blur', 'elastic_transform', 'fog', 'frost', 'gaussian_noise',
        'glass_blur', 'impulse_noise', 'jpeg', 'motion_blur', 'pixelate', 'shot_noise', 'snow', 'zoom_blur']),
    severity=dict(choice=[1, 2, 3, 4, 5], weights=[0.05, 0.25, 0.4, 0.25, 0.05]),
    short_side=(32, 63))
_crop = [dict(type='RandomCrop', size=64, objects=True), dict(type='RandomFlip', horizontal=0.5)]
_degrade = dict(type='Degrade', kinds=dict(ir=_corruptions, det=_corruptions))
_pack = dict(type='PackRestoration')
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSeededSampler'),
    dataset=dict(
        type='ComposedObjects', split='train', route='det', tasks=['det'], filter_empty=True,
        pipeline=[*_crop, _degrade, _pack]))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ComposedObjects', split='val', num_images=16, root='data/composed_objects_16', route='ir', tasks=['ir'],
        pipeline=[_degrade, _pack]))
test_dataloader = val_dataloader
val_evaluator = dict(type='RestorationMetric')
test_evaluator = val_evaluator
train_cfg = dict(max_iters=600, val_interval=600)
default_hooks = dict(checkpoint=dict(interval=200))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, weight_decay=0.01),
    paramwise_cfg=dict(flat_decay_mult=0, bias_decay_mult=0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=60),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=60, end=600)]
find_unused_parameters = True  # a batch need not use every prompt
