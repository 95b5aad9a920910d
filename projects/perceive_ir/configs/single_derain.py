"""Perceive-IR for one degradation: rain. With a single one there is no contrast loss.

Run:    tools/dist_train.sh projects/perceive_ir/configs/single_derain.py 4
Test:   python tools/test.py projects/perceive_ir/configs/single_derain.py CKPT
Needs:  as adair3.py, but only the data sets of this degradation.
Expect: 38.41 dB / 0.984 on Rain100L in the paper. Not measured here.

The recipe for single degradations was not released.
"""

_base_ = ['adair3.py']

model = dict(step_losses=dict(contrast=None))

train_dataloader = dict(
    dataset=dict(
        repeats=None,
        datasets=[
            dict(
                type='FoldDataset',
                folds=[0, 1],
                dataset=dict(
                    type='FoldDataset',
                    num_folds=51,
                    folds=list(range(1, 51)),
                    dataset=dict(
                        type='RecipeDataset',
                        recipe='rain100l_train',
                        root='data',
                        pipeline=[
                            dict(type='RandomCrop', size=256),
                            dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
                            dict(type='PackRestoration'),
                        ],
                    ),
                ),
            )
        ],
    )
)
val_dataloader = dict(
    dataset=dict(
        datasets=[
            dict(
                type='FoldDataset',
                num_folds=51,
                folds=[0],
                dataset=dict(
                    type='RecipeDataset',
                    recipe='rain100l_train',
                    root='data',
                    pipeline=[dict(type='PackRestoration')],
                ),
            )
        ]
    )
)
test_dataloader = dict(
    dataset=dict(
        datasets=[
            dict(
                type='RecipeDataset',
                recipe='rain100l_test',
                root='data',
                pipeline=[dict(type='CenterModCrop', divisor=16), dict(type='PackRestoration')],
            )
        ]
    )
)
