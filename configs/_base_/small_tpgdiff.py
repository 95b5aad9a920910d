"""`_tpgdiff`: the restorer of configs/tpgdiff/allinone.py, whose weights ship as `restorelab:tpgdiff-small`."""

_tower = dict(image_size=64, patch_size=8, width=64, layers=4, head_width=32, embed_dim=64)
_tpgdiff = dict(
    type='DiffusionRestorer',
    priors=dict(
        degradation=dict(
            type='CLIPDegradationPrior',
            tower=_tower,
            resize=False,
            views=4,
            pretrained='restorelab:tpgdiff-priors-small',
        ),
        semantic=dict(
            type='CLIPSemanticPrior', tower=_tower, pretrained='restorelab:tpgdiff-priors-small'
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
        semantic=dict(type='TokenCrossAttention'),
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
