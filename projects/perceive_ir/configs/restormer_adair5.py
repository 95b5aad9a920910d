"""Plain Restormer in its published size on the five degradations and the benchmark of Perceive-IR.

Run:    tools/dist_train.sh projects/perceive_ir/configs/restormer_adair5.py 2
Test:   python tools/test.py projects/perceive_ir/configs/restormer_adair5.py CKPT
Needs:  2 GPUs x 2 crops of 256, 500,000 iterations, as adair5.py. The data sets of
        _base_/adair5_data.py. Nothing is downloaded.
Expect: not measured here (no such data or hardware). 26,126,644 parameters. adair5.py is scored on
        the same images in the same way.
"""

_base_ = ['_base_/adair5_data.py', '_base_/schedule.py', '../../../configs/_base_/runtime.py']

model = dict(
    type='RegressionRestorer',
    backbone=dict(type='RestormerUNet', level1_reduce=False, bias=False),
    loss=dict(type='L1Loss'),
    padding='replicate',
)

train_cfg = dict(max_iters=500000, val_interval=5000)
default_hooks = dict(checkpoint=dict(interval=10000))
