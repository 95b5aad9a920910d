"""UniRestore, stage 1, small: CFRM, controller and tuners learn to restore for the eye.

Run:    python tools/train.py configs/unirestore/stage1.py
Needs:  2 CPU cores, about 10 minutes; no data set, no network (photographs inside scikit-image).
Expect: falling losses and nothing to look at. The autoencoder and the denoiser of this small model have random weights,
        since SD-Turbo cannot ship; it shows the recipe and serves the tests. The paper's model is in
        projects/unirestore/configs/stage1_paper.py.
Then:   configs/unirestore/stage2.py starts from work_dirs/stage1/iter_600.pth.
"""
_base_ = ['../_base_/allinone_data.py', '../_base_/runtime.py']

model = dict(
    type='LatentRestorer',
    backbone=dict(type='LatentAutoencoder', vae=dict(
        block_out_channels=[16, 32, 32, 32], layers_per_block=1, norm_num_groups=8)),
    prior=dict(
        type='SDTurboPrior',
        unet=dict(
            block_out_channels=[32, 64], layers_per_block=1, attention_head_dim=8, cross_attention_dim=32,
            norm_num_groups=8, down_block_types=['CrossAttnDownBlock2D', 'DownBlock2D'],
            up_block_types=['UpBlock2D', 'CrossAttnUpBlock2D'])),
    adapters=[
        dict(type='CFRM', num_naf=[1, 1, 2]),
        dict(type='ControlSCTuner', controller=dict(
            width=32, channel_mults=[1, 2], attention=[True, False], out_channels=32))],
    latent_loss=dict(type='MSELoss'),
    min_side=64,
    pad_multiple=16)

_corruptions = dict(
    type='resized_corruption',
    name=dict(choice=[
        'brightness', 'clean', 'contrast', 'defocus_blur', 'elastic_transform', 'fog', 'frost', 'gaussian_noise',
        'glass_blur', 'impulse_noise', 'jpeg', 'motion_blur', 'pixelate', 'shot_noise', 'snow', 'zoom_blur']),
    severity=dict(choice=[1, 2, 3, 4, 5], weights=[0.05, 0.25, 0.4, 0.25, 0.05]),
    short_side=(32, 63))
train_dataloader = dict(batch_size=8, dataset=dict(
    tasks=['corruption'],
    pipeline=[
        dict(type='RandomCrop', size=64),
        dict(type='RandomFlip', horizontal=0.5),
        dict(type='Degrade', kinds=dict(corruption=_corruptions)),
        dict(type='PackRestoration')]))
val_dataloader = dict(dataset=dict(
    tasks=['corruption'],
    pipeline=[
        dict(type='CenterCrop', size=128),
        dict(type='Degrade', kinds=dict(corruption=_corruptions)),
        dict(type='PackRestoration')]))
test_dataloader = val_dataloader
train_cfg = dict(max_iters=600, val_interval=600)
default_hooks = dict(checkpoint=dict(interval=200))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, weight_decay=0.01),
    paramwise_cfg=dict(flat_decay_mult=0, bias_decay_mult=0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=60),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=60, end=600)]
