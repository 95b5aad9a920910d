"""Five degradations, made on the fly from the photographs inside scikit-image.

Train: five photographs with each degradation in turn, as random crops.
Val:   the central 256x256 pixels of the sixth photograph, once with each degradation. They are the
       same in every run.
Other photographs: `--cfg-options train_dataloader.dataset.source=FOLDER`. All images below FOLDER
are taken, in any format.
"""

train_dataloader = dict(
    batch_size=10,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSeededSampler'),
    batch_sampler=dict(type='BalancedBatchSampler'),
    dataset=dict(
        type='OnTheFlyDataset',
        source='embedded',
        split='train',
        degradations=['blur', 'haze', 'lowlight', 'noise', 'rain'],
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
        degradations=['blur', 'haze', 'lowlight', 'noise', 'rain'],
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
