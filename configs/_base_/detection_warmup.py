"""The task `det` first learns the shapes of detection_data.py, on clean images."""

custom_hooks = [
    dict(
        type='TaskWarmupHook',
        task='det',
        max_iters=700,
        lr=2e-3,
        dataloader=dict(
            batch_size=12,
            num_workers=1,
            persistent_workers=True,
            sampler=dict(type='InfiniteSeededSampler'),
            dataset=dict(
                type='ComposedObjects',
                split='train',
                root='data/composed_objects',
                degradations=['clean'],
                pipeline=[
                    dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
                    dict(type='Degrade'),
                    dict(type='PackRestoration'),
                ],
            ),
        ),
    )
]
