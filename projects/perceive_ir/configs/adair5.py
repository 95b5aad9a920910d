"""Perceive-IR as released for five tasks: noise, haze, rain, blur and low light in one model.

Run:    tools/dist_train.sh projects/perceive_ir/configs/adair5.py 2
Test:   python tools/test.py projects/perceive_ir/configs/adair5.py CKPT
Needs:  2 GPUs x 2 crops of 256, 500,000 iterations; the sets of _base_/adair5_data.py;
        the medium restorers and prompts of stage 1
        (medium0.py, medium1.py, prompts.py), DINOv2-base, OpenAI's CLIP and VGG-16, fetched on the first run.
Expect: 29.84 dB / 0.909 on average in the paper; not measured here (no such data or hardware).

Proxies: the medium restorers alone; the release has up to two published networks more.
"""

_base_ = ['_base_/adair5_data.py', '_base_/network.py', '../../../configs/_base_/runtime.py']

model = dict(
    _base_._network,
    padding='replicate',
    step_losses=dict(_base_._judges, contrast=dict(type='TaskInfoNCE', weight=0.1)),
)

train_cfg = dict(max_iters=500000, val_interval=5000)
default_hooks = dict(checkpoint=dict(interval=10000))
custom_hooks = [dict(type='DifficultyReferenceHook', interval=84214, crops=24)]
