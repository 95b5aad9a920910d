"""Perceive-IR stage 1 as released: a plain restorer that renders fold 0 and learns from the other, 25.6 M weights.

Run:    tools/dist_train.sh projects/perceive_ir/configs/medium0.py 1
Test:   python tools/test.py projects/perceive_ir/configs/medium0.py CKPT
Needs:  one GPU, 20,000 iterations of 4 crops of 128; the five training sets below data/.
Expect: mediocre results: a briefly trained restorer is the point.
Then:   python projects/perceive_ir/render_medium.py projects/perceive_ir/configs/medium0.py \
            work_dirs/medium0/iter_20000.pth work_dirs/medium1/iter_20000.pth work_dirs/perceive_ir_triplets --draws 1
"""

_base_ = ['_base_/adair5_data.py', '_base_/medium.py', '../../../configs/_base_/runtime.py']

_fold = [1]  # the fold that it learns from
train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        type='TaskMixDataset',
        repeats=[3, 1, 120, 50, 40],
        datasets=[
            dict(
                type='FoldDataset',
                folds=_fold,
                dataset=dict(  # never what validates, as in the base
                    type='FoldDataset',
                    num_folds=parts,
                    folds=list(range(1, parts)),
                    dataset=dict(
                        type='RecipeDataset',
                        recipe=recipe,
                        root='data',
                        pipeline=[*first, *_base_._medium_crop],
                    ),
                ),
            )
            for recipe, parts, first in _base_._sets
        ],
    ),
)
train_cfg = dict(max_iters=20000, val_interval=5000)
default_hooks = dict(checkpoint=dict(interval=5000))
