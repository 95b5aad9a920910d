"""How the small DiffUIR models learn: crops of 64 pixels, AdamW, a cosine over 6,000 iterations, a moving average.

`max_iters` stands in the config.
"""

_crops = [
    dict(type='RandomCrop', size=64),
    dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
    dict(type='RandomTranspose'),
    dict(type='Degrade'),
]

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, betas=(0.9, 0.99), weight_decay=0.0),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=200),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False, begin=200, end=6000),
]
custom_hooks = [dict(type='StepEMAHook', momentum=0.003)]
find_unused_parameters = True  # the queries, keys and values of constant attention get no gradient
