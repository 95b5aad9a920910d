"""UniRestore, stage 3, small: detection is added by a new prompt and nothing else.

Run:    python tools/train.py configs/unirestore/stage3_add_task.py
        after configs/unirestore/stage2.py. It starts from other weights by
        --cfg-options model.restorer.init_cfg.checkpoint=PATH
Needs:  2 CPU cores, about 4 minutes, MMDetection (`make detection`). No data set: shapes are drawn
        onto the photographs inside scikit-image.
Expect: falling losses. The restored images are not worth viewing, see stage1.py. The restorations
        for the tasks of stage 2 stay bit for bit the same: all but the prompt `det` is frozen. The
        detector, a small RetinaNet, is trained, too.
"""

_base_ = ['../_base_/unirestore_small.py', '../_base_/runtime.py']

model = dict(
    type='JointRestorer',
    restorer='configs/unirestore/stage2.py',
    restorer_changes={
        'init_cfg': dict(checkpoint='work_dirs/stage2/iter_200.pth', part='restorer'),
        'adapters.tfa': dict(
            tasks=['ir', 'cls', 'seg', 'det'],
            frozen=True,
            frozen_tasks=['ir', 'cls', 'seg'],
        ),
        'step_losses.image': None,
    },
    tasks=dict(
        det=dict(
            type='MMDetTask',
            detector='configs/detectors/retinanet_shapes.py',
            frozen=False,
            loss_weight=0.1,
        )
    ),
)

train_dataloader = dict(
    dataset=dict(
        type='ComposedObjects',
        split='train',
        task='det',
        degradations=['corruption'],
        filter_empty=True,
        pipeline=[
            dict(type='RandomCrop', size=64, objects=True),
            dict(type='RandomFlip', horizontal=0.5),
            dict(type='Degrade', kinds=dict(corruption=dict(short_side=(32, 63)))),
            dict(type='PackRestoration'),
        ],
    )
)
train_cfg = dict(max_iters=200, val_interval=200)
default_hooks = dict(checkpoint=dict(interval=100))
