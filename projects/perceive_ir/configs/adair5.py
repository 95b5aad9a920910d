"""Perceive-IR as released: noise, haze, rain, blur and low light in one model.

Run:    tools/dist_train.sh projects/perceive_ir/configs/adair5.py 2
Test:   python tools/test.py projects/perceive_ir/configs/adair5.py CKPT
Needs:  2 GPUs x 2 crops of 256, 500,000 iterations. The data sets of _base_/adair5_data.py. The
        medium restorers and the prompts of stage 1
        (medium0.py, medium1.py, prompts.py). DINOv2-base, OpenAI's CLIP and VGG-16, which are
        downloaded on the first run.
Expect: 29.84 dB / 0.909 on average in the paper. Not measured here (no such data or hardware).

The proxies are the two medium restorers. The release has up to two published networks more.
"""

_base_ = ['_base_/adair5_data.py', '_base_/schedule.py', '../../../configs/_base_/runtime.py']

model = dict(
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
    padding='replicate',
    step_losses=dict(
        contrast=dict(type='DegradationInfoNCE', weight=0.1),
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
                    restorer=dict(
                        type='RegressionRestorer',
                        backbone=dict(type='RestormerUNet'),
                        loss=dict(type='L1Loss'),
                    ),
                ),
                dict(
                    type='ProxyRestorer',
                    fold=1,
                    pretrained='work_dirs/medium1/iter_20000.pth',
                    restorer=dict(
                        type='RegressionRestorer',
                        backbone=dict(type='RestormerUNet'),
                        loss=dict(type='L1Loss'),
                    ),
                ),
            ],
        ),
    ),
)

train_cfg = dict(max_iters=500000, val_interval=5000)
default_hooks = dict(checkpoint=dict(interval=10000))
custom_hooks = [dict(type='DifficultyReferenceHook', interval=84214, crops=24)]
