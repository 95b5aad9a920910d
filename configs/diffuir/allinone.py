"""DiffUIR-T: one small model removes blur, haze, JPEG artifacts, darkness, noise, rain and snow.

Run:    python tools/train.py configs/diffuir/allinone.py
Needs:  2 CPU cores, about 2 hours (a GPU: minutes). No data set and no network: it trains on the
        photographs inside scikit-image.
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: projects/diffuir/README.md has the results on 411 photographs. The paper's sizes and data
        are in projects/diffuir/configs.

Four departures from the paper make the training faster:
- The loss is measured in decibels. Otherwise darkness and haze, whose residuals are large, hide
  the small residuals of noise, blur and JPEG.
- Training uses only the time steps that the sampler visits, and the first of them most often.
- No noise is added. The noise of the sampler's start would stay in the state, and a small network
  does not remove it.
- Linear attention is replaced by the constant that it nearly is (ConstantAttentionBlock).
  A step takes a third less time.
"""

_base_ = ['../_base_/allinone_data.py', '../_base_/runtime.py']

model = dict(
    type='DiffusionRestorer',
    backbone=dict(
        type='ResidualDiffusionUNet',
        width=32,
        channel_mults=[1, 1, 1, 1],
        attention=dict(type='ConstantAttentionBlock'),
    ),
    process=dict(
        type='SharedResidualProcess',
        steps=1000,
        delta=1.8e-3,
        noise_scale=0.0,
        train_times=[332, 665, 999, 999, 999],
    ),
    loss=dict(type='PSNRLoss'),
    sampler=dict(type='SDTDDIMSampler', steps=3, init_noise_std=0.0),
)

train_dataloader = dict(
    batch_size=7,
    dataset=dict(
        degradations=['blur', 'haze', 'jpeg', 'lowlight', 'noise', 'rain', 'snow'],
        pipeline=[
            dict(type='RandomCrop', size=64),
            dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
            dict(type='RandomTranspose'),
            dict(type='Degrade'),
            dict(type='PackRestoration'),
        ],
    ),
)
val_dataloader = dict(
    dataset=dict(degradations=['blur', 'haze', 'jpeg', 'lowlight', 'noise', 'rain', 'snow'])
)
test_dataloader = val_dataloader

train_cfg = dict(max_iters=6000, val_interval=1500)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, betas=(0.9, 0.99), weight_decay=0.0),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=0.0333),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False, begin=0.0333),
]
custom_hooks = [dict(type='StepEMAHook', momentum=0.003)]
