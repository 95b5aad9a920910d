"""How new adapters learn in a restorer that is already trained."""

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, betas=(0.9, 0.99), weight_decay=0.0),
    paramwise_cfg=dict(
        custom_keys={
            'restorer.backbone': dict(lr_mult=0.1),  # it is trained: it changes slowly
            'editors': dict(lr_mult=3),  # prompts differ by a product of several weights of TFA
            'prompts': dict(lr_mult=2000),  # TFA divides them by their width
        }
    ),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=0.1333),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=0.1333),
]
