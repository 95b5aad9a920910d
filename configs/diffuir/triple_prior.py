"""DiffUIR-T guided by TPGDiff's three priors: one trunk and sampler from one paper, the guidance from another.

Run:    python tools/train.py configs/diffuir/triple_prior.py
Needs:  2 CPU cores, about 2 hours (a GPU: minutes); no data set, no network (photographs inside scikit-image; the two
        image towers ship with restorelab).
Expect: not measured; compare with configs/diffuir/allinone.py, the same trunk without priors.

The degradation vector joins the time embedding; structure tokens scale and shift the shallow levels, the semantic token
the deepest one. In TPGDiff the semantic token enters by cross-attention; with a single token that adds the same vector
to every pixel, so a scale and a shift say no less, and fit a trunk without transformers.
"""

_base_ = [
    '../_base_/allinone_data.py',
    '../_base_/small_diffuir.py',
    '../_base_/small_tpgdiff.py',
    '../_base_/diffuir_schedule.py',
    '../_base_/runtime.py',
]

model = dict(
    _base_._diffuir,
    priors=_base_._tpgdiff.priors,
    adapters=[
        dict(type='PromptTimeAdapter'),
        dict(
            type='PooledFiLM',
            condition='structure',
            taps=[
                'enc.s1.block',
                'enc.s2.block',
                'enc.s4.block',
                'dec.s4.block',
                'dec.s2.block',
                'dec.s1.block',
            ],
        ),
        dict(type='PooledFiLM', condition='semantic', taps=['enc.s8.block', 'dec.s8.block']),
    ],
)

train_dataloader = dict(
    batch_size=5, dataset=dict(pipeline=[*_base_._crops, dict(type='PackRestoration')])
)
train_cfg = dict(max_iters=6000, val_interval=1500)
