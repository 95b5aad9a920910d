"""How the small regression networks learn: AdamW, a short warm-up and a cosine to the end."""

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, betas=(0.9, 0.999), weight_decay=1e-4),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=0.0333),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False, begin=0.0333),
]
