"""TPGDiff stage 1 as published: three copies of CLIP ViT-B/32, two of them fine-tuned.

Run:    python tools/train.py projects/tpgdiff/configs/priors_paper.py
Needs:  GPUs for a batch of 512. The five sets of allinone_paper.py. The weights
        laion2b_s34b_b79k of ViT-B-32, which open_clip downloads on the first run. A local file:
        --cfg-options model.semantic.pretrained=FILE model.degradation.pretrained=FILE
Expect: not measured here (no such data or hardware). The release crops 90 to 100 % of an image at
        random. Here the towers see patches of 256 pixels, resized to 224, as they do in stage 2.
Parameters: 269,852,933, of which 182,003,717 are trained.
"""

_base_ = ['_base_/data.py', '../../../configs/_base_/runtime.py']

model = dict(
    type='PriorDistillation',
    semantic=dict(
        type='CLIPSemanticPrior', tower='ViT-B-32', pretrained='laion2b_s34b_b79k', frozen=False
    ),
    degradation=dict(
        type='CLIPDegradationPrior', tower='ViT-B-32', pretrained='laion2b_s34b_b79k', frozen=False
    ),
    degradations=['blur', 'haze', 'lowlight', 'noise', 'rain'],
    semantic_loss=dict(type='CosineDistillationLoss'),
    degradation_loss=dict(type='LabelSmoothedCrossEntropy', smoothing=0.01),
)

train_dataloader = dict(batch_size=512)
val_evaluator = dict(type='PriorMetric')
test_evaluator = val_evaluator
train_cfg = dict(max_iters=30000, val_interval=1000)
default_hooks = dict(panels=dict(per_degradation=0))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-5, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.005, by_epoch=False, end=0.00667),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=0.00667),
]
