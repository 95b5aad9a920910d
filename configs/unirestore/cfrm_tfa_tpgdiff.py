"""CFRM and TFA of UniRestore in TPGDiff, as in configs/unirestore/cfrm_tfa_diffuir.py.

Run:    python tools/train.py configs/unirestore/cfrm_tfa_tpgdiff.py
Test:   python tools/test.py configs/unirestore/cfrm_tfa_tpgdiff.py CKPT
        The detector on images restored for viewing:
            --cfg-options model.restorer.adapters.tfa.prompt_for.det=ir
Needs:  2 CPU cores, about half an hour, MMDetection (`make detection`). No data set: shapes are
        drawn onto the photographs inside scikit-image.
Expect: not measured.

It starts from the TPGDiff that ships. At the first step it restores as that model does.
CFRM learns from a reference pass on the clean image. TPGDiff's own adapters and priors act in that
pass, too, with what the priors say about the degraded image.
"""

_base_ = [
    '../_base_/adapter_schedule.py',
    '../_base_/detection_data.py',
    '../_base_/detection_warmup.py',
    '../_base_/runtime.py',
]

model = dict(
    type='JointRestorer',
    restorer='configs/tpgdiff/allinone.py',
    restorer_changes={
        'init_cfg': dict(type='StartFrom', checkpoint='restorelab:tpgdiff-small'),
        'adapters': dict(
            cfrm=dict(type='CFRM', num_naf=[1, 1, 2], cut=False, zero_init=True),
            tfa=dict(type='TFA', tasks=['ir', 'det'], chain=False, zero_init=True),
        ),
    },
    tasks=dict(
        det=dict(
            type='MMDetTask',
            detector='configs/detectors/retinanet_shapes.py',
            frozen=True,
            loss_weight=5.0,
        )
    ),
)

train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        type='MixedDataset',
        tasks=['ir', 'det'],
        dataset=dict(
            type='ComposedObjects',
            split='train',
            root='data/composed_objects',
            degradations=['haze', 'noise'],
            all_degradations=True,
            pipeline=[
                dict(type='RandomCrop', size=96, objects=True),
                dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
                dict(
                    type='Degrade',
                    kinds=dict(
                        haze=dict(type='haze', beta=(1.0, 2.0), airlight=(0.7, 1.0)),
                        noise=dict(type='gaussian_noise', sigma=(0.2, 0.35)),
                    ),
                ),
                dict(type='PackRestoration'),
            ],
        ),
    ),
)
train_cfg = dict(max_iters=150, val_interval=150)
default_hooks = dict(checkpoint=dict(interval=150))
