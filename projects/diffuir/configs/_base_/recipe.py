"""`_diffuir`, whose backbone's size stands in the config, and how the paper trains all sizes of it."""

_diffuir = dict(
    type='DiffusionRestorer',
    process=dict(type='SharedResidualProcess', steps=1000, delta=1.8e-3),
    loss=dict(type='L1Loss'),
    sampler=dict(type='SDTDDIMSampler', steps=3, eta=0.0, init_noise_std=0.1),
)

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
