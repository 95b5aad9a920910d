"""Perceive-IR stage 1, small: prompts that tell a degraded photograph from a half restored and a clean one.

Run:    python tools/train.py configs/perceive_ir/stage1_prompts.py
Needs:  the triplets below work_dirs/triplets that configs/perceive_ir/stage1_medium.py says how to make; 2 CPU cores,
        about 10 minutes; no network.
Expect: not measured. `ranked/all` is the share of held-out triplets in the right order, 1/6 by chance; aim at 80 %.
Then:   configs/perceive_ir/allinone.py takes the checkpoint as `model.step_losses.quality.perceiver.prompts`.

The CLIP here is small and our own: the image tower learned to name degradations (configs/tpgdiff/priors.py), the text
tower is random, so the prompts are free vectors seen through it. What they rank is degradation as that tower knows it,
not quality as people judge it; projects/perceive_ir/configs/prompts.py takes OpenAI's CLIP.
"""
_base_ = ['../_base_/runtime.py']

model = dict(
    type='PromptLearning',
    perceiver=dict(
        type='CLIPQualityPerceiver',
        clip=dict(
            embed_dim=64,
            vision_cfg=dict(image_size=64, patch_size=8, width=64, layers=4, head_width=32),
            text_cfg=dict(context_length=18, vocab_size=6, width=64, heads=2, layers=2)),
        pretrained='restorelab:tpgdiff-priors-small',
        frozen=False))

_crop = [
    dict(type='RandomCrop', size=64),
    dict(type='RandomFlip', horizontal=0.5),
    dict(type='PackRestoration')]
_center = [dict(type='CenterCrop', size=64), dict(type='PackRestoration')]
train_dataloader = dict(
    batch_size=10,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSeededSampler'),
    batch_sampler=dict(type='TaskBalancedBatchSampler'),
    dataset=dict(type='TaskMixDataset', datasets=[
        dict(
            type='PairedDataset', task='blur', root='work_dirs/triplets/train/blur', lq='lq', gt='gt',
            rendered='rendered', pipeline=_crop),
        dict(
            type='PairedDataset', task='haze', root='work_dirs/triplets/train/haze', lq='lq', gt='gt',
            rendered='rendered', pipeline=_crop),
        dict(
            type='PairedDataset', task='lowlight', root='work_dirs/triplets/train/lowlight', lq='lq', gt='gt',
            rendered='rendered', pipeline=_crop),
        dict(
            type='PairedDataset', task='noise', root='work_dirs/triplets/train/noise', lq='lq', gt='gt',
            rendered='rendered', pipeline=_crop),
        dict(
            type='PairedDataset', task='rain', root='work_dirs/triplets/train/rain', lq='lq', gt='gt',
            rendered='rendered', pipeline=_crop)]))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='TaskMixDataset', datasets=[
        dict(
            type='PairedDataset', task='blur', root='work_dirs/triplets/val/blur', lq='lq', gt='gt',
            rendered='rendered', pipeline=_center),
        dict(
            type='PairedDataset', task='haze', root='work_dirs/triplets/val/haze', lq='lq', gt='gt',
            rendered='rendered', pipeline=_center),
        dict(
            type='PairedDataset', task='lowlight', root='work_dirs/triplets/val/lowlight', lq='lq', gt='gt',
            rendered='rendered', pipeline=_center),
        dict(
            type='PairedDataset', task='noise', root='work_dirs/triplets/val/noise', lq='lq', gt='gt',
            rendered='rendered', pipeline=_center),
        dict(
            type='PairedDataset', task='rain', root='work_dirs/triplets/val/rain', lq='lq', gt='gt',
            rendered='rendered', pipeline=_center)]))
test_dataloader = val_dataloader

val_evaluator = dict(type='TierRankMetric')
test_evaluator = val_evaluator
train_cfg = dict(max_iters=2000, val_interval=500)
default_hooks = dict(panels=dict(per_task=0))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, betas=(0.9, 0.999), weight_decay=0.01))
param_scheduler = dict(type='CosineAnnealingLR', T_max=2000, eta_min=1e-6, by_epoch=False)
