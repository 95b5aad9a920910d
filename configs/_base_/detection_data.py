"""Shapes drawn onto the photographs inside scikit-image, with fog and noise made on the fly.

Train: 600 images of 128x128 pixels with disks, squares, triangles and stars. A config names the
       data set in `train_dataloader`.
Val:   100 other images, on a photograph that is not in the training set. Fog and noise alternate.
The images are written once, to data/composed_objects, as PNG files with a COCO json.
configs/joint/coco_retinanet.py reads a COCO set of your own.
"""

train_dataloader = dict(
    batch_size=6,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSeededSampler'),
    batch_sampler=dict(type='BalancedBatchSampler'),
)

val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ComposedObjects',
        split='val',
        root='data/composed_objects',
        degradations=['haze', 'noise'],
        pipeline=[
            dict(
                type='Degrade',
                kinds=dict(
                    haze=dict(type='haze', beta=(1.0, 2.0), airlight=(0.7, 1.0)),
                    noise=dict(type='gaussian_noise', sigma=(0.2, 0.35)),
                ),
            ),
            dict(type='PackRestoration'),
        ],
    ),
)
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='RestorationMetric'),
    dict(
        type='ThreeViewMetric',
        metric=dict(
            type='mmdet.CocoMetric', ann_file='data/composed_objects/val.json', metric='bbox'
        ),
    ),
]
test_evaluator = val_evaluator
