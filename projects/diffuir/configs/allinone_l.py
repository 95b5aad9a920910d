"""DiffUIR-L as published: one model for haze, low light, rain, snow and blur, 36,261,187 weights.

Run:    python tools/train.py projects/diffuir/configs/allinone_l.py
Test:   python tools/test.py projects/diffuir/configs/allinone_l.py CKPT
        prints the paper's columns.
Needs:  one GPU (the authors used an RTX 4090), 300,000 steps of 2 x 10 crops. The data sets of
        _base_/data.py below data/.
Expect: not measured here: neither the data nor the hardware was at hand. The paper's tables could
        not be read either; see the README.
Official weights: projects/diffuir/convert_weights.py.
"""

_base_ = ['_base_/data.py', '../../../configs/_base_/runtime.py']

model = dict(
    type='DiffusionRestorer',
    backbone=dict(type='ResidualDiffusionUNet', width=64, channel_mults=[1, 2, 4, 8]),
    process=dict(type='SharedResidualProcess', steps=1000, delta=1.8e-3),
    loss=dict(type='L1Loss'),
    sampler=dict(type='SDTDDIMSampler', steps=3, eta=0.0, init_noise_std=0.1),
)

train_cfg = dict(max_iters=600000, val_interval=20000)  # two micro-batches make one step
default_hooks = dict(checkpoint=dict(interval=20000))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=8e-5, betas=(0.9, 0.99)),
    clip_grad=dict(max_norm=1.0),
    accumulative_counts=2,
)
custom_hooks = [
    dict(
        type='StepEMAHook',
        ema_type='InverseDecayEMA',
        beta=0.995,
        every=10,
        start=100,
        power=2 / 3,
        copy_first=True,
    )
]
randomness = dict(seed=10)
