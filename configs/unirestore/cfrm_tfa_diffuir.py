"""CFRM and TFA of UniRestore in DiffUIR: one prompt for viewing and one for a detector.

Run:    python tools/train.py configs/unirestore/cfrm_tfa_diffuir.py
Test:   python tools/test.py configs/unirestore/cfrm_tfa_diffuir.py CKPT
        The detector on images restored for viewing:
            --cfg-options model.restorer.adapters.tfa.prompt_for.det=ir
        Both beside the DiffUIR without adapters:
            python projects/unirestore/compare_prompts.py
Needs:  2 CPU cores, about 7 minutes, MMDetection (`make detection`). No data set: shapes are drawn
        onto the photographs inside scikit-image.
Expect: see projects/unirestore/README.md.

It starts from the DiffUIR-T that ships. Both adapters begin as the identity, so at the first step
it restores bit for bit as that model does. The RetinaNet first learns the shapes on clean images.
Then it is frozen, and its losses train the restorer.
Each level has prompts of its own (`chain=False`). In the published chain, a prompt is handed from
level to level and fades by the number of channels (see the README).
"""

_base_ = [
    '../_base_/adapter_schedule.py',
    '../_base_/detection_data.py',
    '../_base_/detection_warmup.py',
    '../_base_/runtime.py',
]

model = dict(
    type='JointRestorer',
    restorer='configs/diffuir/allinone.py',
    restorer_changes={
        'init_cfg': dict(type='StartFrom', checkpoint='restorelab:diffuir-tiny'),
        'process.train_times': [999],  # the one step of the sampler: it trains what restores
        'sampler.steps': 1,
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
