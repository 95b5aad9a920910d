"""`_diffuir`: the restorer of configs/diffuir/allinone.py, whose weights ship as `restorelab:diffuir-tiny`."""

_diffuir = dict(
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
