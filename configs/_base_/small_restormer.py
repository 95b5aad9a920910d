"""`_backbone`: a small Restormer, and `_pipeline`: its crops.

The published size is RestormerUNet(level1_reduce=False, bias=False), 26,126,644 parameters.
"""

_backbone = dict(
    type='RestormerUNet',
    dim=16,
    blocks=[1, 1, 1, 2],
    heads=[1, 2, 4, 8],
    refinement=1,
    level1_reduce=False,
    bias=False,
)

_pipeline = [
    dict(type='RandomCrop', size=64),
    dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
    dict(type='RandomTranspose'),
    dict(type='Degrade'),
    dict(type='PackRestoration'),
]
