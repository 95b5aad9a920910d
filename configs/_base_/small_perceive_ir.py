"""`_network`: a small Perceive-IR without its losses, and `_pipeline`: its crops, two of each degraded image.

A random DINOv2 of four blocks stands in for the pretrained one: a fixed view of the whole image, without meaning.
"""

_network = dict(
    type='RegressionRestorer',
    priors=dict(
        semantic=dict(
            type='DINOv2ClassTokens',
            layers=[1, 2, 3, 4],
            size=56,
            network=dict(
                hidden_size=64,
                num_hidden_layers=4,
                num_attention_heads=2,
                image_size=56,
                patch_size=14,
            ),
        ),
        degradation=dict(type='CompactDegradationEncoder', widths=[16, 24, 32, 48], dim=48),
    ),
    adapters=dict(
        guidance=dict(
            type='PromptGuidance',
            taps=['dec.s1.guidance', 'dec.s2.guidance', 'dec.s4.guidance', 'dec.s8.guidance'],
        )
    ),
    backbone=dict(
        type='RestormerUNet',
        dim=16,
        blocks=[1, 1, 1, 2],
        heads=[1, 2, 4, 8],
        refinement=1,
        decoder_block=dict(type='EnhancedBlock'),
    ),
    loss=dict(type='PSNRLoss', weight=0.01, floor=1e-4),
)

_pipeline = [
    dict(type='RandomCrop', size=96),
    dict(type='RandomTranspose'),
    dict(type='Degrade'),
    dict(type='PositiveView', size=64),
    dict(type='RandomCrop', size=64),
    dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
    dict(type='PackRestoration'),
]
