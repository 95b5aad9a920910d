"""PromptIR, small: Restormer with learned prompts in the decoder, five degradations in one model.

Run:    python tools/train.py configs/promptir/allinone.py
Needs:  2 CPU cores, about an hour (a GPU: minutes). No data set and no network: it trains on the
        photographs inside scikit-image.
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: not measured. Prompts are as wide as the features, so official PromptIR weights do not fit.
"""

_base_ = [
    '../_base_/allinone_data.py',
    '../_base_/regression_schedule.py',
    '../_base_/runtime.py',
]

model = dict(
    type='RegressionRestorer',
    adapters=dict(
        interaction=dict(
            type='PromptInteraction',
            taps=['dec.s8', 'dec.s4', 'dec.s2'],
            num_prompts=5,
            prompt_size=8,
        )
    ),
    backbone=dict(
        type='RestormerUNet',
        dim=16,
        blocks=[1, 1, 1, 2],
        heads=[1, 2, 4, 8],
        refinement=1,
        level1_reduce=False,
        bias=False,
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
