"""Perceive-IR as released: noise, haze and rain in one model of 33,901,111 parameters, DINOv2 aside.

Run:    tools/dist_train.sh projects/perceive_ir/configs/adair3.py 4
Test:   python tools/test.py projects/perceive_ir/configs/adair3.py CKPT
Needs:  4 GPUs x 2 crops of 256, 500,000 iterations; the sets of _base_/adair3_data.py;
        the medium restorers and prompts of stage 1
        (medium0.py, medium1.py, prompts.py), DINOv2-base, OpenAI's CLIP and VGG-16, fetched on the first run.
Expect: 32.63 dB / 0.917 on average in the paper; not measured here (no such data or hardware).

Proxies: the medium restorers alone; the release has up to three published networks more.
"""

_base_ = ['_base_/adair3_data.py', '_base_/network.py', '../../../configs/_base_/runtime.py']

model = dict(
    _base_._network, step_losses=dict(_base_._judges, contrast=dict(type='TaskInfoNCE', weight=0.1))
)

train_cfg = dict(max_iters=500000, val_interval=5000)
default_hooks = dict(checkpoint=dict(interval=10000))
