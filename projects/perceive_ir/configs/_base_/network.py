"""`_network`: the released one, 33,901,111 parameters without DINOv2; `_judges`: losses that ask CLIP, VGG-16, proxies.

The proxies are the medium restorers alone; the release has up to three published networks more.
"""

_network = dict(
    type='RegressionRestorer',
    priors=dict(
        semantic=dict(
            type='DINOv2ClassTokens',
            layers=[1, 4, 8, 12],
            size=224,
            pretrained='facebook/dinov2-base',
        ),
        degradation=dict(type='CompactDegradationEncoder'),
    ),
    adapters=dict(
        guidance=dict(
            type='PromptGuidance',
            taps=['dec.s1.guidance', 'dec.s2.guidance', 'dec.s4.guidance', 'dec.s8.guidance'],
        )
    ),
    backbone=dict(
        type='RestormerUNet',
        dim=48,
        blocks=[4, 6, 6, 8],
        heads=[1, 2, 4, 8],
        refinement=4,
        decoder_block=dict(type='EnhancedBlock'),
    ),
    loss=dict(type='L1Loss'),
)

_medium = dict(
    type='RegressionRestorer', backbone=dict(type='RestormerUNet'), loss=dict(type='L1Loss')
)
_judges = dict(
    quality=dict(
        type='CLIPAwareLoss',
        weight=0.05,
        perceiver=dict(
            type='CLIPQualityPerceiver',
            clip='ViT-B-32-quickgelu',
            pretrained='openai',
            prompts='work_dirs/prompts/iter_100000.pth',
        ),
    ),
    perceptual=dict(
        type='DifficultyAdaptivePerceptualLoss',
        weight=0.1,
        pretrained='imagenet',
        proxies=[
            dict(
                type='ProxyRestorer',
                fold=0,
                pretrained='work_dirs/medium0/iter_20000.pth',
                restorer=_medium,
            ),
            dict(
                type='ProxyRestorer',
                fold=1,
                pretrained='work_dirs/medium1/iter_20000.pth',
                restorer=_medium,
            ),
        ],
    ),
)

custom_hooks = [dict(type='DifficultyReferenceHook', interval=25733, crops=24)]
optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-4, betas=(0.9, 0.999), weight_decay=1e-4),
)
param_scheduler = dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False)
