"""Restormer guided by other methods' priors: TPGDiff's degradation and semantics, and edges.

Run:    python tools/train.py configs/restormer/guided.py
Needs:  2 CPU cores, about 2 hours (a GPU: minutes). No data set and no network: it trains on the
        photographs inside scikit-image, and the two image towers ship with restorelab.
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: not measured. Compare with configs/restormer/allinone.py, which has no priors.

TPGDiff lets the degradation vector in through the time, which Restormer does not have: FiLM lets it
into every level of the encoder. Two priors say what is seen in a picture, so each has a name. The
taps are roles; the same adapters fit the other trunks (docs/assembly.md).
"""

_base_ = [
    '../_base_/allinone_data.py',
    '../_base_/regression_schedule.py',
    '../_base_/runtime.py',
]

model = dict(
    type='RegressionRestorer',
    backbone=dict(
        type='RestormerUNet',
        dim=16,
        blocks=[1, 1, 1, 2],
        heads=[1, 2, 4, 8],
        refinement=1,
        level1_reduce=False,
        bias=False,
    ),
    priors=dict(
        degradation=dict(
            type='CLIPDegradationPrior',
            tower=dict(
                image_size=64, patch_size=8, width=64, layers=4, head_width=32, embed_dim=64
            ),
            resize=False,
            views=4,
            pretrained='restorelab:tpgdiff-priors-small',
        ),
        content=dict(
            type='CLIPSemanticPrior',
            tower=dict(
                image_size=64, patch_size=8, width=64, layers=4, head_width=32, embed_dim=64
            ),
            pretrained='restorelab:tpgdiff-priors-small',
        ),
        learned=dict(type='CompactDegradationEncoder', widths=[16, 32, 64], dim=64),
        edges=dict(type='CueMaps', cues=[dict(type='SobelCue')]),
    ),
    condition_names=dict(learned=dict(degradation='learned'), content=dict(semantic='content')),
    adapters=dict(
        degradation=dict(type='FiLM', taps=['enc.*'], condition='degradation'),
        learned=dict(type='FiLM', taps=['dec.s2+'], condition='learned'),
        content=dict(type='TokenCrossAttention', taps=['mid'], condition='content', num_tokens=1),
        edges=dict(type='MapGate', taps=['dec.*'], condition='sobel'),
    ),
    loss=dict(type='PSNRLoss', weight=0.01, floor=1e-4),
    step_losses=dict(contrast=dict(type='DegradationInfoNCE', weight=0.01, condition='learned')),
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
