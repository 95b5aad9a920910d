"""UniRestore, stage 1, small: CFRM, controller and tuners learn to restore for viewing.

Run:    python tools/train.py configs/unirestore/stage1.py
Needs:  2 CPU cores, about 2 minutes. No data set and no network: it trains on the photographs
        inside scikit-image.
Expect: `loss_diffusion` falls from 125 (mean of iterations 1 to 20) to 84 (181 to 200), and
        `loss_cfrm` from 0.0068 to 0.0054. The restored images are not worth viewing: autoencoder
        and denoiser have random weights, since SD-Turbo cannot ship. This config shows the recipe
        and serves the tests. The paper's model is in projects/unirestore/configs/stage1_paper.py.
Then:   configs/unirestore/stage2.py starts from work_dirs/stage1/iter_200.pth.
"""

_base_ = ['../_base_/unirestore_small.py', '../_base_/runtime.py']

model = dict(
    _base_._latent,
    adapters=dict(cfrm=_base_._cfrm, control=_base_._control),
    loss=dict(type='MSELoss'),
    objective=dict(type='CleanMatching'),
)

train_dataloader = dict(
    dataset=dict(
        type='OnTheFlyDataset',
        source='embedded',
        split='train',
        degradations=['corruption'],
        pipeline=[
            dict(type='RandomCrop', size=64),
            dict(type='RandomFlip', horizontal=0.5),
            dict(type='Degrade', kinds=dict(corruption=_base_._corruption)),
            dict(type='PackRestoration'),
        ],
    )
)
train_cfg = dict(max_iters=200, val_interval=200)
default_hooks = dict(checkpoint=dict(interval=100))
