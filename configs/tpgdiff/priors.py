"""TPGDiff stage 1, small: image towers that see content and degradation in a degraded photograph.

Run:    python tools/train.py configs/tpgdiff/priors.py
Needs:  2 CPU cores, about 10 minutes. No data set and no network: it trains on the photographs
        inside scikit-image.
Expect: the degradation of most held-out crops is named correctly. The small towers start from
        random weights. So the teacher is a fixed random tower, and the semantic vector describes
        the image whatever its degradation, but without the meaning that CLIP gives it.
        projects/tpgdiff/configs/priors_paper.py starts from CLIP.
Then:   configs/tpgdiff/allinone.py takes the towers by `pretrained=<work_dir>/iter_N.pth`. Ours
        ship with restorelab.
"""

_base_ = ['../_base_/allinone_data.py', '../_base_/runtime.py']

model = dict(
    type='PriorDistillation',
    semantic=dict(
        type='CLIPSemanticPrior',
        tower=dict(image_size=64, patch_size=8, width=64, layers=4, head_width=32, embed_dim=64),
        frozen=False,
    ),
    degradation=dict(
        type='CLIPDegradationPrior',
        tower=dict(image_size=64, patch_size=8, width=64, layers=4, head_width=32, embed_dim=64),
        frozen=False,
        resize=False,
    ),
    degradations=['blur', 'haze', 'lowlight', 'noise', 'rain'],
    semantic_loss=dict(type='CosineDistillationLoss'),
    degradation_loss=dict(type='LabelSmoothedCrossEntropy', smoothing=0.01),
)

train_dataloader = dict(batch_size=20)
train_cfg = dict(max_iters=2000, val_interval=1000)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=0.1),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=0.1),
]
default_hooks = dict(panels=dict(per_degradation=0))
val_evaluator = dict(type='PriorMetric')
test_evaluator = val_evaluator
