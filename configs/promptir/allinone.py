"""PromptIR, small: Restormer with learned prompts in the decoder, five degradations, one model for all.

Run:    python tools/train.py configs/promptir/allinone.py
Needs:  2 CPU cores, about an hour (a GPU: minutes); no data set, no network (photographs inside scikit-image).
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: not measured. Prompts have the width of the features, so official PromptIR weights do not fit.
"""

_base_ = [
    '../_base_/allinone_data.py',
    '../_base_/small_restormer.py',
    '../_base_/regression_schedule.py',
    '../_base_/runtime.py',
]

model = dict(
    type='RegressionRestorer',
    adapters=[
        dict(
            type='PromptInteraction',
            taps=['dec.s8', 'dec.s4', 'dec.s2'],
            num_prompts=5,
            prompt_size=8,
        )
    ],
    backbone=_base_._backbone,
    loss=dict(type='PSNRLoss', weight=0.01, floor=1e-4),
)

train_dataloader = dict(batch_size=5, dataset=dict(pipeline=_base_._pipeline))
train_cfg = dict(max_iters=6000, val_interval=1500)
