"""Plain Restormer in its published size, 26,126,644 parameters, on Perceive-IR's five tasks and benchmark.

Run:    tools/dist_train.sh projects/perceive_ir/configs/restormer_adair5.py 2
Test:   python tools/test.py projects/perceive_ir/configs/restormer_adair5.py CKPT
Needs:  2 GPUs x 2 crops of 256, 500,000 iterations as adair5.py; the sets of _base_/adair5_data.py. No download.
Expect: not measured here (no such data or hardware); adair5.py is scored on the same images in the same way.
"""

_base_ = ['_base_/adair5_data.py', '../../../configs/_base_/runtime.py']

model = dict(
    type='RegressionRestorer',
    backbone=dict(type='RestormerUNet', level1_reduce=False, bias=False),
    loss=dict(type='L1Loss'),
    padding='replicate',
)

train_cfg = dict(max_iters=500000, val_interval=5000)
default_hooks = dict(checkpoint=dict(interval=10000))
optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-4, betas=(0.9, 0.999), weight_decay=1e-4),
)
param_scheduler = dict(type='CosineAnnealingLR', T_max=500000, eta_min=1e-6, by_epoch=False)
