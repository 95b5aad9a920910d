"""Perceive-IR stage 1, small: prompts that rank degraded, half restored and clean photographs.

Run:    python tools/train.py configs/perceive_ir/stage1_prompts.py
Needs:  the triplets below work_dirs/triplets (configs/perceive_ir/stage1_medium.py makes them).
        2 CPU cores, about 10 minutes. No network.
Expect: `ranked/all` is the share of held-out triplets that are ranked correctly. It is 84 % with
        triplets of BSDS500 (chance: 17 %). projects/perceive_ir/README.md has the table and the
        cases that fail.
Then:   configs/perceive_ir/allinone.py takes the checkpoint as
        `model.step_losses.quality.perceiver.prompts`.

The CLIP here is small and our own. Its text tower is random, so a prompt is a free vector seen
through it. Its image tower learned to name degradations (configs/tpgdiff/priors.py) and never saw
a clean image, so it is trained, too.
It ranks the quality of these photographs with these degradations, not quality as people judge it.
projects/perceive_ir/configs/prompts.py takes OpenAI's CLIP and trains the prompts alone.
"""

_base_ = ['../_base_/runtime.py']

model = dict(
    type='PromptLearning',
    perceiver=dict(
        type='CLIPQualityPerceiver',
        clip=dict(
            embed_dim=64,
            vision_cfg=dict(image_size=64, patch_size=8, width=64, layers=4, head_width=32),
            text_cfg=dict(context_length=18, vocab_size=6, width=64, heads=2, layers=2),
        ),
        pretrained='restorelab:tpgdiff-priors-small',
        views=4,
        frozen=False,
        learn_tower=True,
    ),
)

_degradations = ['blur', 'haze', 'lowlight', 'noise', 'rain']
_crop = [
    dict(type='RandomCrop', size=64),
    dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
    dict(type='RandomTranspose'),
    dict(type='PackRestoration'),
]
train_dataloader = dict(
    batch_size=10,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSeededSampler'),
    batch_sampler=dict(type='BalancedBatchSampler'),
    dataset=dict(
        type='MixedDataset',
        datasets=[
            dict(
                type='PairedDataset',
                degradation=degradation,
                root=f'work_dirs/triplets/train/{degradation}',
                lq='lq',
                gt='gt',
                rendered='rendered',
                pipeline=_crop,
            )
            for degradation in _degradations
        ],
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='MixedDataset',
        datasets=[
            dict(
                type='PairedDataset',
                degradation=degradation,
                root=f'work_dirs/triplets/val/{degradation}',
                lq='lq',
                gt='gt',
                rendered='rendered',
                pipeline=[dict(type='PackRestoration')],
            )
            for degradation in _degradations
        ],
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='TierRankMetric')
test_evaluator = val_evaluator
train_cfg = dict(max_iters=6000, val_interval=2000)
default_hooks = dict(panels=dict(per_degradation=0))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, betas=(0.9, 0.999), weight_decay=0.01),
)
param_scheduler = dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False)
