"""Restormer, small: the plain regression baseline for five degradations, one model for all.

Run:    python tools/train.py configs/restormer/allinone.py
Needs:  2 CPU cores, about an hour (a GPU: minutes); no data set, no network (photographs inside scikit-image).
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: 4.0 dB above the input on CBSD68 after 600 iterations on BSDS500 (projects/README.md); not measured to the end.
"""

_base_ = [
    '../_base_/allinone_data.py',
    '../_base_/small_restormer.py',
    '../_base_/regression_schedule.py',
    '../_base_/runtime.py',
]

model = dict(
    type='RegressionRestorer',
    backbone=_base_._backbone,
    loss=dict(type='PSNRLoss', weight=0.01, floor=1e-4),
)

train_dataloader = dict(batch_size=5, dataset=dict(pipeline=_base_._pipeline))
train_cfg = dict(max_iters=6000, val_interval=1500)
