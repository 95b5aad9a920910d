"""UNet2DModel of diffusers as a restorer, sampled by DPM-Solver++ of diffusers.

Run:    python tools/train.py configs/diffusers/unet2d_dpm.py
Needs:  2 CPU cores, about 10 minutes. No data set and no network: it trains on the photographs
        inside scikit-image.
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: 20.42 dB on the held-out photograph (input 16.74): haze +8.0, lowlight +6.9, noise +6.0,
        rain +2.5 and blur -5.1 dB. SSIM falls from 0.510 to 0.506.

It shows how a network and a scheduler of diffusers become parts of a restorer. The network sees the
noisy state and the degraded image, and predicts the velocity. With `prediction='noise'`, a training
of 500 iterations ended at 5.8 dB.

Training draws only the two steps that DPM-Solver++ visits: a short training then learns much
faster. Trained on all steps, 800 iterations gave 18.1 dB in two steps and 17.5 dB in four. For
other numbers of steps, train with --cfg-options model.process.train_times=None
"""

_base_ = ['../_base_/allinone_data.py', '../_base_/runtime.py']

model = dict(
    type='DiffusionRestorer',
    backbone=dict(
        type='DiffusersUNet2D',
        unet=dict(
            block_out_channels=[24, 48, 64, 96],
            layers_per_block=1,
            norm_num_groups=8,
            down_block_types=['DownBlock2D'] * 4,
            up_block_types=['UpBlock2D'] * 4,
            add_attention=False,
        ),
    ),
    process=dict(type='VariancePreservingProcess', prediction='velocity', train_times=[499, 999]),
    loss=dict(type='MSELoss'),
    sampler=dict(type='DiffusersSampler', scheduler='DPMSolverMultistepScheduler', steps=2),
)

train_dataloader = dict(
    batch_size=5,
    dataset=dict(
        pipeline=[
            dict(type='RandomCrop', size=64),
            dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
            dict(type='RandomTranspose'),
            dict(type='Degrade'),
            dict(type='PackRestoration'),
        ]
    ),
)
train_cfg = dict(max_iters=1500, val_interval=500)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.0),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=0.0333),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False, begin=0.0333),
]
custom_hooks = [dict(type='StepEMAHook', momentum=0.01)]
