"""Perceive-IR as its figures draw it: one attention in decoder blocks, guidance `x * gamma + beta`.

Run:    tools/dist_train.sh projects/perceive_ir/configs/adair3_figure.py 4
Test:   python tools/test.py projects/perceive_ir/configs/adair3_figure.py CKPT
Needs:  as adair3.py.
Expect: not measured. 27,859,919 parameters. The residual degradation encoder of the figure is not
        built: its widths are unknown.
"""

_base_ = ['adair3.py']

model = dict(
    adapters=dict(guidance=dict(residual=False)),
    backbone=dict(decoder_block=dict(self_attention=False)),
)
