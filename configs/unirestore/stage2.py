"""UniRestore, stage 2, small: one prompt each for viewing, classification and segmentation.

Run:    python tools/train.py configs/unirestore/stage2.py
        after configs/unirestore/stage1.py. It starts from other weights by
        --cfg-options model.restorer.init_cfg.checkpoint=PATH
Needs:  2 CPU cores, about 5 minutes. No data set: shapes are drawn onto the photographs inside
        scikit-image.
Expect: falling losses (projects/unirestore/README.md). The restored images are not worth viewing,
        see stage1.py. The two task networks are trained, too, since no pretrained one knows these
        shapes. In the paper they are pretrained and frozen
        (projects/unirestore/configs/stage2_paper.py).
Then:   configs/unirestore/stage3_add_task.py starts from work_dirs/stage2/iter_200.pth.

TFA and all prompts are trained. CFRM, controller and tuners are frozen. With `frozen=True` in TFA,
only the prompts would be trained, as in the published code.
Detection is not among the tasks. As in the paper, stage 3 adds it to the finished model.
"""

_base_ = ['../_base_/unirestore_small.py', '../_base_/runtime.py']

model = dict(
    type='JointRestorer',
    restorer='configs/unirestore/stage1.py',
    restorer_changes={
        'init_cfg': dict(type='StartFrom', checkpoint='work_dirs/stage1/iter_200.pth'),
        'adapters.cfrm.frozen': True,
        'adapters.control.frozen': True,
        'adapters.tfa': dict(type='TFA', tasks=['ir', 'cls', 'seg']),
        'objective': None,
        'loss': None,
        'step_losses': dict(
            image=dict(type='ViewingLoss', loss=dict(type='L1Loss', weight=10.0)),
            keep=dict(type='KeepViewingLoss', loss=dict(type='L1Loss')),
        ),
    },
    tasks=dict(
        cls=dict(
            type='ClassificationTask',
            network='mobilenet_v3_small',
            num_classes=4,
            image_size=64,
            frozen=False,
            loss_weight=0.1,
        ),
        seg=dict(
            type='SegmentationTask',
            network='lraspp_mobilenet_v3_large',
            num_classes=5,
            frozen=False,
            loss_weight=0.1,
        ),
    ),
)

_degrade = dict(type='Degrade', kinds=dict(corruption=dict(short_side=(32, 63))))
train_dataloader = dict(
    # nearly the shares of the paper
    batch_sampler=dict(type='BalancedBatchSampler', key='task', quota=dict(ir=1, cls=1, seg=2)),
    dataset=dict(
        type='MixedDataset',
        datasets=[
            dict(
                type='ComposedObjects',
                split='train',
                task='ir',
                degradations=['corruption'],
                pipeline=[
                    dict(type='RandomCrop', size=64, objects=True),
                    dict(type='RandomFlip', horizontal=0.5),
                    _degrade,
                    dict(type='PackRestoration'),
                ],
            ),
            dict(
                type='ComposedObjects',
                split='train',
                task='cls',
                degradations=['corruption'],
                filter_empty=True,
                pipeline=[
                    dict(type='RandomCrop', size=64, objects=True),
                    dict(type='RandomFlip', horizontal=0.5),
                    dict(type='LabelFromBoxes'),
                    _degrade,
                    dict(type='PackRestoration'),
                ],
            ),
            dict(
                type='ComposedObjects',
                split='train',
                task='seg',
                degradations=['corruption'],
                with_masks=True,
                pipeline=[
                    dict(type='RandomCrop', size=64, objects=True),
                    dict(type='RandomFlip', horizontal=0.5),
                    dict(type='SemanticFromMasks'),
                    _degrade,
                    dict(type='PackRestoration'),
                ],
            ),
        ],
    ),
)
train_cfg = dict(max_iters=200, val_interval=200)
default_hooks = dict(checkpoint=dict(interval=100))
