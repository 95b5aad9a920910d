"""Perceive-IR stage 1 as released: three prompts of 16 vectors for OpenAI's CLIP ViT-B/32.

Run:    tools/dist_train.sh projects/perceive_ir/configs/prompts.py 1
Test:   python tools/test.py projects/perceive_ir/configs/prompts.py CKPT
Needs:  the triplets (medium0.py says how to make them). One GPU, 100,000 iterations of 32
        triplets. OpenAI's CLIP, which is downloaded on the first run.
Expect: not measured here (no such data or hardware). 24,576 parameters are trained.
"""

_base_ = ['../../../configs/_base_/runtime.py']

model = dict(
    type='PromptLearning',
    perceiver=dict(
        type='CLIPQualityPerceiver',
        clip='ViT-B-32-quickgelu',
        num_context=16,
        scale=100.0,
        pretrained='openai',
        frozen=False,
    ),
)

_degradations = ['blur', 'haze', 'lowlight', 'noise', 'rain']
_crop = [
    dict(type='RandomCrop', size=224),
    dict(type='RandomFlip', horizontal=0.5),
    dict(type='PackRestoration'),
]
_center = [dict(type='CenterCrop', size=224), dict(type='PackRestoration')]
train_dataloader = dict(
    batch_size=32,
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
                root=f'work_dirs/perceive_ir_triplets/train/{degradation}',
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
                root=f'work_dirs/perceive_ir_triplets/val/{degradation}',
                lq='lq',
                gt='gt',
                rendered='rendered',
                pipeline=_center,
            )
            for degradation in _degradations
        ],
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='TierRankMetric')
test_evaluator = val_evaluator
train_cfg = dict(max_iters=100000, val_interval=5000)
default_hooks = dict(checkpoint=dict(interval=10000), panels=dict(per_degradation=0))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=4e-5, betas=(0.9, 0.999), weight_decay=0.01),
)
param_scheduler = dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False)
