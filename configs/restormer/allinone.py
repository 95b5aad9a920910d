"""Restormer, small: the plain regression baseline for five degradations, one model for all.

Run:    python tools/train.py configs/restormer/allinone.py
Needs:  2 CPU cores, about an hour (a GPU: minutes); no data set, no network (photographs inside scikit-image).
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: not measured. `python tools/compare.py` trains it beside the other families under one budget.

The published size is RestormerUNet(level1_reduce=False, bias=False), 26,126,644 parameters.
"""
_base_ = ['../_base_/allinone_data.py', '../_base_/runtime.py']

model = dict(
    type='RegressionRestorer',
    backbone=dict(
        type='RestormerUNet', dim=16, blocks=[1, 1, 1, 2], heads=[1, 2, 4, 8], refinement=1, level1_reduce=False,
        bias=False),
    loss=dict(type='L1Loss'))

train_dataloader = dict(batch_size=5, dataset=dict(pipeline=[
    dict(type='RandomCrop', size=64),
    dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
    dict(type='RandomTranspose'),
    dict(type='Degrade'),
    dict(type='PackRestoration')]))
train_cfg = dict(max_iters=6000, val_interval=1500)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, betas=(0.9, 0.999), weight_decay=1e-4),
    clip_grad=dict(max_norm=1.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=200),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False, begin=200, end=6000)]
