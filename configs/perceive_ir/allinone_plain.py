"""Perceive-IR, small, without CLIP and without the perceptual loss: the smallest honest baseline of the method.

Run:    python tools/train.py configs/perceive_ir/allinone_plain.py
Needs:  2 CPU cores, about an hour and a half (a GPU: minutes); no data set, no network.
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: 2.0 dB above the input on CBSD68 after 600 iterations on BSDS500 (projects/README.md); not measured to the end.
        Beside configs/perceive_ir/allinone.py it tells what the two losses add, and beside
        configs/restormer/allinone.py what guidance and contrast add.
"""

_base_ = [
    '../_base_/allinone_data.py',
    '../_base_/small_perceive_ir.py',
    '../_base_/regression_schedule.py',
    '../_base_/runtime.py',
]

model = dict(
    _base_._network, step_losses=dict(contrast=dict(type='DegradationInfoNCE', weight=0.1))
)

train_dataloader = dict(batch_size=5, dataset=dict(pipeline=_base_._pipeline))
train_cfg = dict(max_iters=6000, val_interval=1500)
