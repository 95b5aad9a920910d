"""DiffUIR-T's network without its diffusion: a regression, in one call and without noise.

Run:    python tools/train.py configs/diffuir/one_step.py
Needs:  2 CPU cores, about 2 hours (a GPU: minutes). No data set and no network: it trains on the
        photographs inside scikit-image.
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: not measured. Compare with configs/diffuir/allinone.py: what the diffusion is worth.
"""

_base_ = [
    '../_base_/allinone_data.py',
    '../_base_/regression_schedule.py',
    '../_base_/runtime.py',
]

model = dict(
    type='RegressionRestorer',
    backbone=dict(
        type='OneStepBackbone',
        backbone=dict(type='ResidualDiffusionUNet', width=32, channel_mults=[1, 1, 1, 1]),
    ),
    loss=dict(type='PSNRLoss', weight=0.01, floor=1e-4),
)

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
train_cfg = dict(max_iters=6000, val_interval=1500)
