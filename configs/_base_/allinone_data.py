"""Five degradations made on the fly from photographs that are always there (inside scikit-image).

Train: five photographs, one of each degradation in turn, random crops.
Val:   the sixth photograph's central 256x256 pixels, each degradation once, the same on every run.
Other photographs: `--cfg-options train_dataloader.dataset.source=FOLDER` (all images below it, in any format).
"""

train_dataloader = dict(
    batch_size=10,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSeededSampler'),
    batch_sampler=dict(type='TaskBalancedBatchSampler'),
    dataset=dict(
        type='OnTheFlyDataset',
        source='embedded',
        split='train',
        tasks=['blur', 'haze', 'lowlight', 'noise', 'rain'],
        pipeline=[
            dict(type='RandomCrop', size=128),
            dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
            dict(type='RandomTranspose'),
            dict(type='Degrade'),
            dict(type='PackRestoration'),
        ],
    ),
)

val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='OnTheFlyDataset',
        source='embedded',
        split='val',
        tasks=['blur', 'haze', 'lowlight', 'noise', 'rain'],
        pipeline=[
            dict(type='CenterCrop', size=256),
            dict(type='Degrade'),
            dict(type='PackRestoration'),
        ],
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='RestorationMetric')
test_evaluator = val_evaluator
