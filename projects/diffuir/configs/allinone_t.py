"""DiffUIR-T as published: haze, low light, rain, snow and blur in one model of 886,435 parameters.

Run:    python tools/train.py projects/diffuir/configs/allinone_t.py
Test:   python tools/test.py projects/diffuir/configs/allinone_t.py CKPT   (prints the paper's columns)
Needs:  one GPU (the authors used an RTX 4090), 300,000 steps of 2 x 10 crops; the sets of _base_/data.py below data/.
Expect: not measured here (no such data or hardware), and the paper's tables were out of reach; see the README.
Official weights: projects/diffuir/convert_weights.py.
"""

_base_ = ['_base_/data.py', '_base_/recipe.py', '../../../configs/_base_/runtime.py']

model = dict(
    _base_._diffuir,
    backbone=dict(type='ResidualDiffusionUNet', width=32, channel_mults=[1, 1, 1, 1]),
)

train_cfg = dict(max_iters=600000, val_interval=20000)  # two micro-batches a step
default_hooks = dict(checkpoint=dict(interval=20000))
randomness = dict(seed=10)
