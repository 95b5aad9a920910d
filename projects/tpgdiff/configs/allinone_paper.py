"""TPGDiff stage 2 as published: five degradations, 49,736,451 parameters in network and adapters.

Run:    tools/dist_train.sh projects/tpgdiff/configs/allinone_paper.py 2
Needs:  2 GPUs (batch 8), 700,000 iterations. The five training folders below data/tpgdiff; they
        are not published (`python tools/check_data.py` checks yours). The towers of
        priors_paper.py. Depth-Anything-small and SegFormer-b0, which are downloaded on the first
        run, or local folders as `pretrained`.
Expect: 30.60 dB / 0.908 on average in the paper. Not measured here (no such data or hardware).
Official weights: projects/tpgdiff/convert_weights.py.
"""

_base_ = ['_base_/data.py', '../../../configs/_base_/runtime.py']

model = dict(
    type='DiffusionRestorer',
    priors=dict(
        degradation=dict(
            type='CLIPDegradationPrior',
            tower='ViT-B-32',
            pretrained='work_dirs/priors_paper/iter_30000.pth',
        ),
        semantic=dict(
            type='CLIPSemanticPrior',
            tower='ViT-B-32',
            pretrained='work_dirs/priors_paper/iter_30000.pth',
        ),
        structure=dict(
            type='StructurePrior',
            cues=[
                dict(type='DepthCue', pretrained='LiheYoung/depth-anything-small-hf'),
                dict(
                    type='SegmentationCue', pretrained='nvidia/segformer-b0-finetuned-ade-512-512'
                ),
                dict(type='BoxDoGCue'),
            ],
            image_size=256,
            width=32,
            num_blocks=8,
            token_dim=256,
            num_tokens=64,
            num_heads=8,
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
            idle_taps=['enc.s8.block', 'dec.s8.block'],
            zero_init=False,
        ),
    ),
    backbone=dict(
        type='IRSDEUNet',
        width=64,
        channel_mults=[1, 2, 4, 8],
        attention=[
            dict(type='LinearAttentionBlock'),
            dict(type='LinearAttentionBlock'),
            dict(type='LinearAttentionBlock'),
            dict(type='SpatialTransformerBlock'),
        ],
        mid_attention=dict(type='SpatialTransformerBlock'),
    ),
    process=dict(
        type='MeanRevertingProcess',
        steps=100,
        noise_level=50 / 255,
        schedule='cosine',
        eps=0.005,
        prediction='noise',
    ),
    objective=dict(type='ReverseMeanMatching'),
    loss=dict(type='L1Loss'),
    sampler=dict(type='Posterior'),
)

val_evaluator = dict(type='RestorationMetric', protocols=['tpgdiff'])
test_evaluator = val_evaluator
train_cfg = dict(max_iters=700000, val_interval=10000)
default_hooks = dict(checkpoint=dict(interval=10000))
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='AdamW', lr=2e-4, betas=(0.9, 0.99), weight_decay=0.0)
)
param_scheduler = dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False)
custom_hooks = [
    dict(
        type='StepEMAHook', ema_type='InverseDecayEMA', beta=0.995, every=10, start=100, power=2 / 3
    )
]
