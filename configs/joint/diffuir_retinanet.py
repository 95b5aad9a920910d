"""A small DiffUIR that restores for a detector: RetinaNet's losses on its predicted clean image train it too.

Run:    python tools/train.py configs/joint/diffuir_retinanet.py
        python tools/test.py configs/joint/diffuir_retinanet.py work_dirs/diffuir_retinanet/iter_300.pth
Needs:  the extra `detection` (`make detection`); 2 CPU cores, under 15 minutes; no data set, no network (shapes on
        the photographs inside scikit-image). An own detector and data: docs/joint_training.md
Expect: mAP about 0.08 on restored images, 0.03 on degraded and 0.15 on clean ones; docs/joint_training.md has more.

The detector learns on clean images first (TaskWarmupHook) and is frozen then. One line makes another training of this:
restoration only           model.tasks.det.loss_weight=0
detector on restorations   model.train_restorer=False model.tasks.det.frozen=False
"""

_base_ = [
    '../_base_/detection_data.py',
    '../_base_/detection_retinanet.py',
    '../_base_/detection_warmup.py',
    '../_base_/joint_diffuir.py',
    '../_base_/joint_schedule.py',
    '../_base_/runtime.py',
]

model = dict(
    type='JointRestorer',
    restorer=_base_._diffuir,
    tasks=dict(det=dict(_base_._retinanet, loss_weight=6.0)),
)

train_dataloader = dict(batch_size=4, dataset=_base_._train_set)
train_cfg = dict(max_iters=300, val_interval=300)
default_hooks = dict(checkpoint=dict(interval=300))
custom_hooks = [*_base_.custom_hooks, dict(type='StepEMAHook', momentum=0.02)]
find_unused_parameters = True  # the queries, keys and values of constant attention get no gradient
