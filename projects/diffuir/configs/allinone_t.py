"""DiffUIR-T as published: one model for haze, low light, rain, snow and blur, 886,435 weights.

Run:    python tools/train.py projects/diffuir/configs/allinone_t.py
Test:   python tools/test.py projects/diffuir/configs/allinone_t.py CKPT
        prints the paper's columns.
Needs:  as allinone_l.py.
Expect: not measured here, as allinone_l.py.
"""

_base_ = ['allinone_l.py']

model = dict(backbone=dict(width=32, channel_mults=[1, 1, 1, 1]))
