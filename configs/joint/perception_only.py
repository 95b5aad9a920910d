"""The restorer of diffuir_retinanet.py without the task loss: joint training is compared with it.

Run:    python tools/train.py configs/joint/perception_only.py
Needs:  as configs/joint/diffuir_retinanet.py. The detector warms up in the same way and is used
        for scoring only.
Expect: see docs/joint_training.md.
"""

_base_ = ['diffuir_retinanet.py']

model = dict(tasks=dict(det=dict(loss_weight=0.0)))
