"""How the medium restorers of stage 1 learn, 25,571,439 weights each, and `_medium_crop`, what they see of an image."""

model = dict(
    type='RegressionRestorer', backbone=dict(type='RestormerUNet'), loss=dict(type='L1Loss')
)

_medium_crop = [
    dict(type='RandomCrop', size=128),
    dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
    dict(type='PackRestoration'),
]
optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-4, betas=(0.9, 0.999), weight_decay=0.01),
)
param_scheduler = dict(type='CosineAnnealingLR', T_max=20000, eta_min=1e-6, by_epoch=False)
