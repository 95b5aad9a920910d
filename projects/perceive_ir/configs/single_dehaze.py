"""Perceive-IR for one degradation: haze. There is no contrast of degradations with a single one.

Run:    tools/dist_train.sh projects/perceive_ir/configs/single_dehaze.py 4
Test:   python tools/test.py projects/perceive_ir/configs/single_dehaze.py CKPT
Needs:  as adair3.py, the sets of this degradation alone; the medium restorers and prompts of stage 1
        (medium0.py, medium1.py, prompts.py), DINOv2-base, OpenAI's CLIP and VGG-16, fetched on the first run.
Expect: 31.65 dB / 0.977 on SOTS outdoor in the paper; not measured here. The recipe for single degradations was not released.
"""

_base_ = ['_base_/single_data.py', '_base_/network.py', '../../../configs/_base_/runtime.py']

model = dict(_base_._network, step_losses=_base_._judges)

train_dataloader = dict(
    dataset=dict(
        type='MixedDataset',
        datasets=[
            dict(
                type='FoldDataset',
                folds=[0, 1],
                dataset=dict(
                    type='FoldDataset',
                    num_folds=2001,
                    folds=list(range(1, 2001)),
                    dataset=dict(
                        type='RecipeDataset',
                        recipe='ots_airnet_train',
                        root='data',
                        pipeline=_base_._train,
                    ),
                ),
            )
        ],
    )
)
val_dataloader = dict(
    dataset=dict(
        type='FoldDataset',
        num_folds=2001,
        folds=[0],
        dataset=dict(
            type='RecipeDataset', recipe='ots_airnet_train', root='data', pipeline=_base_._whole
        ),
    )
)
test_dataloader = dict(
    dataset=dict(
        type='RecipeDataset', recipe='sots_outdoor_test', root='data', pipeline=_base_._cropped
    )
)

train_cfg = dict(max_iters=500000, val_interval=5000)
default_hooks = dict(checkpoint=dict(interval=10000))
