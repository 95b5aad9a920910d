"""Perceive-IR for one degradation: noise. There is no contrast of degradations with a single one.

Run:    tools/dist_train.sh projects/perceive_ir/configs/single_denoise.py 4
Test:   python tools/test.py projects/perceive_ir/configs/single_denoise.py CKPT
Needs:  as adair3.py, the sets of this degradation alone; the medium restorers and prompts of stage 1
        (medium0.py, medium1.py, prompts.py), DINOv2-base, OpenAI's CLIP and VGG-16, fetched on the first run.
Expect: 34.38 / 31.74 / 28.53 dB on CBSD68 in the paper; not measured here.
        The recipe for single degradations was not released.
"""

_base_ = ['_base_/single_data.py', '_base_/network.py', '../../../configs/_base_/runtime.py']

model = dict(_base_._network, step_losses=_base_._judges)

_noise = dict(
    type='Degrade',
    kinds=dict(
        noise=dict(type='gaussian_noise', sigma=dict(choice=[15 / 255, 25 / 255, 50 / 255]))
    ),
)
train_dataloader = dict(
    dataset=dict(
        type='MixedDataset',
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
                        pipeline=[_noise, *_base_._train],
                    ),
                ),
            )
        ],
    )
)
val_dataloader = dict(
    dataset=dict(
        type='FoldDataset',
        num_folds=201,
        folds=[0],
        dataset=dict(
            type='RecipeDataset',
            recipe='bsd400_wed_train',
            root='data',
            pipeline=[_noise, *_base_._whole],
        ),
    )
)
test_dataloader = dict(
    dataset=dict(
        type='NoiseBenchmarkDataset', protocol='adair3', root='data', pipeline=_base_._whole
    )
)

train_cfg = dict(max_iters=500000, val_interval=5000)
default_hooks = dict(checkpoint=dict(interval=10000))
