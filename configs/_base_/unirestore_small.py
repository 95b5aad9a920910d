"""Data and schedule of the small stages of UniRestore. projects/unirestore/configs has the paper's.

Val: 16 images of shapes on photographs, restored for viewing.
"""

train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSeededSampler'),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ComposedObjects',
        split='val',
        num_images=16,
        root='data/composed_objects_16',
        task='ir',
        degradations=['corruption'],
        pipeline=[
            dict(type='Degrade', kinds=dict(corruption=dict(short_side=(32, 63)))),
            dict(type='PackRestoration'),
        ],
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='RestorationMetric')
test_evaluator = val_evaluator

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, weight_decay=0.01),
    paramwise_cfg=dict(flat_decay_mult=0, bias_decay_mult=0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=0.1),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=0.1),
]
