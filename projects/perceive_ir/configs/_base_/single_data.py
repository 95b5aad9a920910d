"""Loaders for one degradation: a config names the sets."""

_train = [
    dict(type='RandomCrop', size=256),
    dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
    dict(type='PackRestoration'),
]
_whole = [dict(type='PackRestoration')]
_cropped = [dict(type='CenterModCrop', divisor=16), dict(type='PackRestoration')]
train_dataloader = dict(
    batch_size=2,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='InfiniteSeededSampler'),
    batch_sampler=dict(type='GlobalBatchSampler'),
)
val_dataloader = dict(
    batch_size=1, num_workers=2, sampler=dict(type='DefaultSampler', shuffle=False)
)
test_dataloader = dict(
    batch_size=1, num_workers=2, sampler=dict(type='DefaultSampler', shuffle=False)
)
val_evaluator = dict(type='RestorationMetric', protocols=['adair3'])
test_evaluator = val_evaluator
