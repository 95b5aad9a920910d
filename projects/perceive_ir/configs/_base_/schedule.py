"""The release's optimizer and learning rate: 500,000 iterations in bfloat16."""

optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-4, betas=(0.9, 0.999), weight_decay=1e-4),
)
param_scheduler = dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False)
