"""Perceive-IR stage 1, small: prompts that tell a degraded photograph from a half restored and a clean one.

Run:    python tools/train.py configs/perceive_ir/stage1_prompts.py
Needs:  the triplets below work_dirs/triplets that configs/perceive_ir/stage1_medium.py says how to make; 2 CPU cores,
        about 10 minutes; no network.
Expect: `ranked/all`, the share of held-out triplets in the right order: 84 % with triplets of BSDS500 (chance 17 %);
        projects/perceive_ir/README.md has the table, and where it fails.
Then:   configs/perceive_ir/allinone.py takes the checkpoint as `model.step_losses.quality.perceiver.prompts`.

The CLIP here is small and our own. Its text tower is random, so that prompts are free vectors seen through it; its
image tower learned to name degradations (configs/tpgdiff/priors.py) and never saw a clean image, so it learns along.
What it ranks is quality as these photographs and degradations show it, not as people judge it;
projects/perceive_ir/configs/prompts.py takes OpenAI's CLIP, and learns the prompts alone.
"""

_base_ = ['../_base_/small_perceiver.py', '../_base_/runtime.py']

model = dict(
    type='PromptLearning', perceiver=dict(_base_._perceiver, frozen=False, learn_tower=True)
)

_tasks = ['blur', 'haze', 'lowlight', 'noise', 'rain']
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
    batch_sampler=dict(type='TaskBalancedBatchSampler'),
    dataset=dict(
        type='TaskMixDataset',
        datasets=[
            dict(
                type='PairedDataset',
                task=task,
                root=f'work_dirs/triplets/train/{task}',
                lq='lq',
                gt='gt',
                rendered='rendered',
                pipeline=_crop,
            )
            for task in _tasks
        ],
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='TaskMixDataset',
        datasets=[
            dict(
                type='PairedDataset',
                task=task,
                root=f'work_dirs/triplets/val/{task}',
                lq='lq',
                gt='gt',
                rendered='rendered',
                pipeline=[dict(type='PackRestoration')],
            )
            for task in _tasks
        ],
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='TierRankMetric')
test_evaluator = val_evaluator
train_cfg = dict(max_iters=6000, val_interval=2000)
default_hooks = dict(panels=dict(per_task=0))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, betas=(0.9, 0.999), weight_decay=0.01),
)
param_scheduler = dict(type='CosineAnnealingLR', T_max=6000, eta_min=1e-6, by_epoch=False)
