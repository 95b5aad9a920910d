"""DiffUIR-T for one task: it removes rain streaks.

Run:    python tools/train.py configs/diffuir/derain.py
Needs:  2 CPU cores, about an hour (a GPU: minutes); no data set, no network (photographs inside scikit-image).
        Own clean photographs: --cfg-options train_dataloader.dataset.source=FOLDER
        Own pairs: dataset=dict(type='PairedDataset', task='rain', root=FOLDER, lq='input', gt='target', pipeline=...)
        The paper's pairs: dataset=dict(type='RecipeDataset', recipe='rain13k_train', root='data', pipeline=...)
Expect: not measured; what one model for seven tasks reaches is in projects/diffuir/README.md.
"""
_base_ = ['../_base_/allinone_data.py', '../_base_/runtime.py']

model = dict(
    type='DiffusionRestorer',
    backbone=dict(type='ResidualDiffusionUNet', width=32, channel_mults=[1, 1, 1, 1], linear_attention='constant'),
    process=dict(
        type='SharedResidualProcess', steps=1000, delta=1.8e-3, noise_scale=0.1, train_times=[332, 665, 999, 999, 999]),
    loss=dict(type='L1Loss'),
    sampler=dict(type='SDTDDIMSampler', steps=3))

train_dataloader = dict(batch_size=8, dataset=dict(
    tasks=['rain'],
    pipeline=[
        dict(type='RandomCrop', size=64),
        dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
        dict(type='RandomTranspose'),
        dict(type='Degrade'),
        dict(type='PackRestoration')]))
val_dataloader = dict(dataset=dict(tasks=['rain']))
test_dataloader = val_dataloader
train_cfg = dict(max_iters=3000, val_interval=1000)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, betas=(0.9, 0.99), weight_decay=0.0),
    clip_grad=dict(max_norm=1.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=200),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False, begin=200, end=3000)]
custom_hooks = [dict(type='StepEMAHook', momentum=0.003)]
find_unused_parameters = True  # the queries, keys and values of constant attention get no gradient
