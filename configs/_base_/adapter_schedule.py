"""`_cfrm_tfa`, and how these adapters train on a trained trunk, for 150 iterations, as `max_iters` must say."""

_cfrm_tfa = dict(
    cfrm=dict(type='CFRM', num_naf=[1, 1, 2], cut=False, zero_init=True),
    tfa=dict(type='TFA', tasks=['ir', 'det'], chain=False, zero_init=True),
)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, betas=(0.9, 0.99), weight_decay=0.0),
    paramwise_cfg=dict(
        custom_keys={
            'restorer.backbone': dict(lr_mult=0.1),  # follows slowly
            'editors': dict(
                lr_mult=3
            ),  # TFA: what tells its prompts apart is a product of several of its weights
            'prompts': dict(lr_mult=2000),
        }
    ),  # they enter divided by their width
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=0.1333),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=0.1333),
]
