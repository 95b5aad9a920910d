"""TPGDiff, small: one model removes blur, haze, darkness, noise and rain.

Run:    python tools/train.py configs/tpgdiff/allinone.py
Needs:  2 CPU cores, about an hour and a half. No data set and no network: it trains on the
        photographs inside scikit-image.
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: projects/tpgdiff/README.md has the results on 411 photographs. The paper's size and data
        are in projects/tpgdiff/configs/allinone_paper.py.

Its weights ship with restorelab as `restorelab:tpgdiff-small`.
"""

_base_ = ['../_base_/allinone_data.py', '../_base_/runtime.py']

model = dict(
    type='DiffusionRestorer',
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
        semantic=dict(
            type='CLIPSemanticPrior',
            tower=dict(
                image_size=64, patch_size=8, width=64, layers=4, head_width=32, embed_dim=64
            ),
            pretrained='restorelab:tpgdiff-priors-small',
        ),
        structure=dict(
            type='StructurePrior',
            cues=[dict(type='DarkChannelCue'), dict(type='SobelCue'), dict(type='BoxDoGCue')],
            image_size=64,
            width=8,
            num_blocks=6,
            token_dim=64,
            num_tokens=8,
            num_heads=4,
        ),
    ),
    adapters=dict(
        time=dict(type='PromptTimeAdapter'),
        semantic=dict(type='TokenCrossAttention', num_tokens=1),
        film=dict(
            type='PooledFiLM',
            taps=[
                'enc.s1.block',
                'enc.s2.block',
                'enc.s4.block',
                'dec.s4.block',
                'dec.s2.block',
                'dec.s1.block',
            ],
        ),
    ),
    backbone=dict(
        type='IRSDEUNet',
        width=16,
        channel_mults=[1, 2, 4, 8],
        attention=[None, None, None, dict(type='SpatialTransformerBlock')],
        mid_attention=dict(type='SpatialTransformerBlock'),
    ),
    process=dict(
        type='MeanRevertingProcess',
        steps=100,
        noise_level=50 / 255,
        eps=0.005,
        prediction='residual',
    ),
    loss=dict(type='PSNRLoss', floor=1e-4),
    sampler=dict(type='MultistepDPM', steps=4, noise_scale=0.0),
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
train_cfg = dict(max_iters=9000, val_interval=1500)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=8e-4, betas=(0.9, 0.99), weight_decay=0.0),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=0.0333),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False, begin=0.0333),
]
custom_hooks = [dict(type='StepEMAHook', momentum=0.002)]
