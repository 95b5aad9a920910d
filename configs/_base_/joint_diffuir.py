"""`_diffuir`: half the width of small_diffuir.py, and one step, so that what it learns is what it restores with."""

_diffuir = dict(
    type='DiffusionRestorer',
    backbone=dict(
        type='ResidualDiffusionUNet',
        width=16,
        channel_mults=[1, 1, 1, 1],
        linear_attention='constant',
    ),
    process=dict(
        type='SharedResidualProcess', steps=1000, delta=1.8e-3, noise_scale=0.0, train_times=[999]
    ),
    loss=dict(type='PSNRLoss'),
    sampler=dict(type='SDTDDIMSampler', steps=1, init_noise_std=0.0),
)
