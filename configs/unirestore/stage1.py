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
    type='DiffusionRestorer',
    codec=dict(
        type='LatentAutoencoder',
        vae=dict(block_out_channels=[16, 32, 32, 32], layers_per_block=1, norm_num_groups=8),
        min_side=64,
    ),
    backbone=dict(
        type='SDTurboUNet',
        unet=dict(
            block_out_channels=[32, 64],
            layers_per_block=1,
            attention_head_dim=8,
            cross_attention_dim=32,
            norm_num_groups=8,
            down_block_types=['CrossAttnDownBlock2D', 'DownBlock2D'],
            up_block_types=['UpBlock2D', 'CrossAttnUpBlock2D'],
        ),
    ),
    adapters=dict(
        cfrm=dict(type='CFRM', num_naf=[1, 1, 2]),
        control=dict(
            type='ControlSCTuner',
            controller=dict(
                width=32, channel_mults=[1, 2], attention=[True, False], out_channels=32
            ),
        ),
    ),
    process=dict(
        type='VariancePreservingProcess',
        schedule='scaled_linear',
        betas=(0.00085, 0.012),
        train_times=[249, 499, 749, 999, 999, 999],
        ends_clean=False,
    ),
    objective=dict(type='CleanMatching'),
    loss=dict(type='MSELoss'),
    sampler=dict(type='DDIM', steps=1),
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
            dict(type='Degrade', kinds=dict(corruption=dict(short_side=(32, 63)))),
            dict(type='PackRestoration'),
        ],
    )
)
train_cfg = dict(max_iters=200, val_interval=200)
default_hooks = dict(checkpoint=dict(interval=100))
