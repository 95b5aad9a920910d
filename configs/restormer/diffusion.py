"""Restormer's network as the trunk of DiffUIR's diffusion: three steps instead of one.

Run:    python tools/train.py configs/restormer/diffusion.py
Needs:  2 CPU cores, about 3 hours (a GPU: minutes). No data set and no network: it trains on the
        photographs inside scikit-image.
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: not measured. Compare with configs/restormer/allinone.py and configs/diffuir/allinone.py.

TimedBackbone tells the network the state and the time. The process is that of
configs/diffuir/allinone.py.
"""

_base_ = [
    '../_base_/allinone_data.py',
    '../_base_/regression_schedule.py',
    '../_base_/runtime.py',
]

model = dict(
    type='DiffusionRestorer',
    backbone=dict(
        type='TimedBackbone',
        backbone=dict(
            type='RestormerUNet',
            dim=16,
            blocks=[1, 1, 1, 2],
            heads=[1, 2, 4, 8],
            refinement=1,
            level1_reduce=False,
            bias=False,
        ),
    ),
    process=dict(
        type='SharedResidualProcess',
        steps=1000,
        delta=1.8e-3,
        noise_scale=0.0,
        train_times=[332, 665, 999, 999, 999],
    ),
    loss=dict(type='PSNRLoss', weight=0.01),
    sampler=dict(type='SDTDDIMSampler', steps=3, init_noise_std=0.0),
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
