"""How CFRM and TFA train on a trunk that is trained already, which follows slowly; `max_iters` stands in the config."""
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, betas=(0.9, 0.99), weight_decay=0.0),
    paramwise_cfg=dict(custom_keys={
        'restorer.backbone': dict(lr_mult=0.1),
        'prompts': dict(lr_mult=100)}),  # they enter divided by their width
    clip_grad=dict(max_norm=1.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=50, end=600)]
