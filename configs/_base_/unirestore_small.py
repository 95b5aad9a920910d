"""What the small stages of UniRestore share; the paper's sizes are in projects/unirestore/configs.

`_latent`:  autoencoder and denoiser with random weights, since SD-Turbo cannot ship.
`_cfrm`, `_control`: adapters of stage 1, frozen in the others.
`_corruption`: one of the paper's 15, or none, at a drawn severity and size.
Val:        16 shapes on photographs, restored for the eye.
"""

_latent = dict(
    type='DiffusionRestorer',
    codec=dict(
        type='LatentAutoencoder',
        vae=dict(block_out_channels=[16, 32, 32, 32], layers_per_block=1, norm_num_groups=8),
        min_side=64,
    ),
    backbone=dict(
        type='SDTurboUNet',
        unet=dict(
            block_out_channels=[32, 64],
            layers_per_block=1,
            attention_head_dim=8,
            cross_attention_dim=32,
            norm_num_groups=8,
            down_block_types=['CrossAttnDownBlock2D', 'DownBlock2D'],
            up_block_types=['UpBlock2D', 'CrossAttnUpBlock2D'],
        ),
    ),
    process=dict(
        type='VariancePreservingProcess',
        schedule='scaled_linear',
        betas=(0.00085, 0.012),
        train_times=[249, 499, 749, 999, 999, 999],
        ends_clean=False,
    ),
    sampler=dict(type='DDIM', steps=1),
)
_cfrm = dict(type='CFRM', num_naf=[1, 1, 2])
_control = dict(
    type='ControlSCTuner',
    controller=dict(width=32, channel_mults=[1, 2], attention=[True, False], out_channels=32),
)

_corruption = dict(
    type='resized_corruption',
    name=dict(
        choice=[
            'brightness',
            'clean',
            'contrast',
            'defocus_blur',
            'elastic_transform',
            'fog',
            'frost',
            'gaussian_noise',
            'glass_blur',
            'impulse_noise',
            'jpeg',
            'motion_blur',
            'pixelate',
            'shot_noise',
            'snow',
            'zoom_blur',
        ]
    ),
    severity=dict(choice=[1, 2, 3, 4, 5], weights=[0.05, 0.25, 0.4, 0.25, 0.05]),
    short_side=(32, 63),
)
train_dataloader = dict(
    batch_size=8, num_workers=2, persistent_workers=True, sampler=dict(type='InfiniteSeededSampler')
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ComposedObjects',
        split='val',
        num_images=16,
        root='data/composed_objects_16',
        task='ir',
        degradations=['corruption'],
        pipeline=[
            dict(type='Degrade', kinds=dict(corruption=_corruption)),
            dict(type='PackRestoration'),
        ],
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='RestorationMetric')
test_evaluator = val_evaluator

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, weight_decay=0.01),
    paramwise_cfg=dict(flat_decay_mult=0, bias_decay_mult=0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=0.1),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=0.1),
]
