"""TPGDiff, small: one model that removes blur, haze, darkness, noise and rain.

Run:    python tools/train.py configs/tpgdiff/allinone.py
Needs:  2 CPU cores, about an hour and a half; no data set, no network (photographs inside scikit-image).
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: see projects/tpgdiff/README.md, which says what came out on 411 photographs. The paper's size and data are in
        projects/tpgdiff/configs/allinone_paper.py.
"""

_base_ = ['../_base_/allinone_data.py', '../_base_/small_tpgdiff.py', '../_base_/runtime.py']

model = _base_._tpgdiff

train_dataloader = dict(
    batch_size=5,
    dataset=dict(
        pipeline=[
            dict(type='RandomCrop', size=64),
            dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
            dict(type='RandomTranspose'),
            dict(type='Degrade'),
            dict(type='PackRestoration'),
        ]
    ),
)
train_cfg = dict(max_iters=9000, val_interval=1500)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=8e-4, betas=(0.9, 0.99), weight_decay=0.0),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=300),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False, begin=300, end=9000),
]
custom_hooks = [dict(type='StepEMAHook', momentum=0.002)]
find_unused_parameters = (
    True  # a single semantic token needs no query: those weights get no gradient
)
