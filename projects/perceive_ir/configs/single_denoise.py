"""Perceive-IR for one task: noise. There is no contrast of tasks with a single one.

Run:    tools/dist_train.sh projects/perceive_ir/configs/single_denoise.py 4
Test:   python tools/test.py projects/perceive_ir/configs/single_denoise.py CKPT
Needs:  as adair3.py, the sets of this task alone; the medium restorers and prompts of stage 1
        (medium.py, prompts.py), DINOv2-base, OpenAI's CLIP and VGG-16, fetched on the first run.
Expect: 34.38 / 31.74 / 28.53 dB on CBSD68 in the paper; not measured here.
        The recipe for single tasks was not released.
"""
_base_ = ['../../../configs/_base_/runtime.py']

model = dict(
    type='RegressionRestorer',
    priors=[
        dict(type='DINOv2ClassTokens', layers=[1, 4, 8, 12], size=224, pretrained='facebook/dinov2-base'),
        dict(type='CompactDegradationEncoder')],
    adapters=[dict(
        type='PromptGuidance', taps=['dec.s1.guidance', 'dec.s2.guidance', 'dec.s4.guidance', 'dec.s8.guidance'])],
    backbone=dict(
        type='RestormerUNet', dim=48, blocks=[4, 6, 6, 8], heads=[1, 2, 4, 8], refinement=4,
        decoder_block=dict(type='EnhancedBlock')),
    loss=dict(type='L1Loss'),
    step_losses=dict(
        quality=dict(
            type='CLIPAwareLoss', weight=0.05, perceiver=dict(
                type='CLIPQualityPerceiver', clip='ViT-B-32-quickgelu', pretrained='openai',
                prompts='work_dirs/prompts/iter_100000.pth')),
        perceptual=dict(
            type='DifficultyAdaptivePerceptualLoss', weight=0.1, pretrained='imagenet',
            proxies=[
                dict(
                    type='ProxyRestorer', fold=0, pretrained='work_dirs/medium0/iter_20000.pth',
                    restorer=dict(type='RegressionRestorer', backbone=dict(type='RestormerUNet'),
                                  loss=dict(type='L1Loss'))),
                dict(
                    type='ProxyRestorer', fold=1, pretrained='work_dirs/medium1/iter_20000.pth',
                    restorer=dict(type='RegressionRestorer', backbone=dict(type='RestormerUNet'),
                                  loss=dict(type='L1Loss')))])))

train_cfg = dict(max_iters=500000, val_interval=5000)
default_hooks = dict(checkpoint=dict(interval=10000))
custom_hooks = [dict(type='DifficultyReferenceHook', interval=25733, crops=24)]
optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-4, betas=(0.9, 0.999), weight_decay=1e-4))
param_scheduler = dict(type='CosineAnnealingLR', T_max=500000, eta_min=1e-6, by_epoch=False)

_crop = [
    dict(type='RandomCrop', size=256),
    dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
    dict(type='PackRestoration')]
_noise = dict(type='Degrade', kinds=dict(noise=dict(
    type='gaussian_noise', sigma=dict(choice=[15 / 255, 25 / 255, 50 / 255]))))
_whole = [dict(type='PackRestoration')]
train_dataloader = dict(
    batch_size=2,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='InfiniteSeededSampler'),
    batch_sampler=dict(type='GlobalBatchSampler'),
    dataset=dict(type='TaskMixDataset', datasets=[
        dict(type='FoldDataset', folds=[0, 1], dataset=dict(
            type='FoldDataset', num_folds=201, folds=list(range(1, 201)), dataset=dict(
                type='RecipeDataset', recipe='bsd400_wed_train', root='data', pipeline=[_noise, *_crop])))]))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='FoldDataset', num_folds=201, folds=[0], dataset=dict(
        type='RecipeDataset', recipe='bsd400_wed_train', root='data', pipeline=[_noise, *_whole])))
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='NoiseBenchmarkDataset', protocol='adair3', root='data', pipeline=_whole))
val_evaluator = dict(type='RestorationMetric', protocols=['adair3'])
test_evaluator = val_evaluator
