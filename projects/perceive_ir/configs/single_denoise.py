"""Perceive-IR for one degradation: noise. With a single one there is no contrast loss.

Run:    tools/dist_train.sh projects/perceive_ir/configs/single_denoise.py 4
Test:   python tools/test.py projects/perceive_ir/configs/single_denoise.py CKPT
Needs:  as adair3.py, but only the data sets of this degradation.
Expect: 34.38 / 31.74 / 28.53 dB on CBSD68 in the paper. Not measured here.

The recipe for single degradations was not released.
"""

_base_ = ['adair3.py']

model = dict(step_losses=dict(contrast=None))

_noise = dict(
    type='Degrade',
    kinds=dict(
        noise=dict(type='gaussian_noise', sigma=dict(choice=[15 / 255, 25 / 255, 50 / 255]))
    ),
)
train_dataloader = dict(
    dataset=dict(
        repeats=None,
        datasets=[
            dict(
                type='FoldDataset',
                folds=[0, 1],
                dataset=dict(
                    type='FoldDataset',
                    num_folds=201,
                    folds=list(range(1, 201)),
                    dataset=dict(
                        type='RecipeDataset',
                        recipe='bsd400_wed_train',
                        root='data',
                        pipeline=[
                            _noise,
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
                num_folds=201,
                folds=[0],
                dataset=dict(
                    type='RecipeDataset',
                    recipe='bsd400_wed_train',
                    root='data',
                    pipeline=[_noise, dict(type='PackRestoration')],
                ),
            )
        ]
    )
)
test_dataloader = dict(
    dataset=dict(
        datasets=[
            dict(
                type='NoiseBenchmarkDataset',
                protocol='adair3',
                root='data',
                pipeline=[dict(type='PackRestoration')],
            )
        ]
    )
)
