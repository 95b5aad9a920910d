"""DiffUIR-B as published: one model for haze, low light, rain, snow and blur, 12,406,851 weights.

Run:    python tools/train.py projects/diffuir/configs/allinone_b.py
Test:   python tools/test.py projects/diffuir/configs/allinone_b.py CKPT
        prints the paper's columns.
Needs:  as allinone_l.py.
Expect: not measured here, as allinone_l.py.
"""

_base_ = ['allinone_l.py']

model = dict(backbone=dict(width=64, channel_mults=[1, 2, 2, 4]))
