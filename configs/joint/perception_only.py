"""The restorer of configs/joint/diffuir_retinanet.py without the task loss: what joint training is compared with.

Run:    python tools/train.py configs/joint/perception_only.py
Needs:  as configs/joint/diffuir_retinanet.py. The detector warms up in the same way, and is used for scoring only.
Expect: see docs/joint_training.md.
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
    tasks=dict(det=dict(_base_._retinanet, loss_weight=0.0)),
)

train_dataloader = dict(batch_size=4, dataset=_base_._train_set)
train_cfg = dict(max_iters=300, val_interval=300)
default_hooks = dict(checkpoint=dict(interval=300))
custom_hooks = [*_base_.custom_hooks, dict(type='StepEMAHook', momentum=0.02)]
find_unused_parameters = True  # the queries, keys and values of constant attention get no gradient
