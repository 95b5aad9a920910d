"""DiffUIR-T that also answers to Perceive-IR's quality and perceptual losses, on the clean image that a step predicts.

Run:    python tools/train.py configs/diffuir/quality_aware.py
Needs:  2 CPU cores, about 3 hours (a GPU: minutes); no data set, no network (photographs inside scikit-image; the image
        tower ships with restorelab).
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: not measured; compare with configs/diffuir/allinone.py, the same without the two losses.

The prompts are the untrained words until stage 1 of Perceive-IR was run (configs/perceive_ir/stage1_medium.py):
    --cfg-options model.step_losses.quality.perceiver.prompts=work_dirs/stage1_prompts/iter_2000.pth
The perceptual ratio is large where a step predicts nearly the degraded image, so it weighs a tenth of what it does in
Perceive-IR.
"""
_base_ = ['../_base_/allinone_data.py', '../_base_/runtime.py']

model = dict(
    type='DiffusionRestorer',
    backbone=dict(type='ResidualDiffusionUNet', width=32, channel_mults=[1, 1, 1, 1], linear_attention='constant'),
    process=dict(
        type='SharedResidualProcess', steps=1000, delta=1.8e-3, noise_scale=0.1, train_times=[332, 665, 999, 999, 999]),
    loss=dict(type='L1Loss'),
    sampler=dict(type='SDTDDIMSampler', steps=3),
    step_losses=dict(
        quality=dict(
            type='CLIPAwareLoss', weight=0.05, perceiver=dict(
                type='CLIPQualityPerceiver',
                clip=dict(
                    embed_dim=64,
                    vision_cfg=dict(image_size=64, patch_size=8, width=64, layers=4, head_width=32),
                    text_cfg=dict(context_length=18, vocab_size=6, width=64, heads=2, layers=2)),
                pretrained='restorelab:tpgdiff-priors-small')),
        perceptual=dict(type='DifficultyAdaptivePerceptualLoss', weight=0.01, widths=[16, 32, 64])))

train_dataloader = dict(batch_size=7, dataset=dict(
    tasks=['blur', 'haze', 'jpeg', 'lowlight', 'noise', 'rain', 'snow'],
    pipeline=[
        dict(type='RandomCrop', size=64),
        dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
        dict(type='RandomTranspose'),
        dict(type='Degrade'),
        dict(type='PackRestoration')]))
val_dataloader = dict(dataset=dict(tasks=['blur', 'haze', 'jpeg', 'lowlight', 'noise', 'rain', 'snow']))
test_dataloader = val_dataloader
train_cfg = dict(max_iters=6000, val_interval=1500)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, betas=(0.9, 0.99), weight_decay=0.0),
    clip_grad=dict(max_norm=1.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=200),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False, begin=200, end=6000)]
custom_hooks = [dict(type='StepEMAHook', momentum=0.003)]
find_unused_parameters = True  # the queries, keys and values of constant attention get no gradient
