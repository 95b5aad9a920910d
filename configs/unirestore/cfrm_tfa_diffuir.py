"""CFRM and TFA of UniRestore on DiffUIR's network and sampler: a prompt for the eye and a prompt for a detector.

Run:    python tools/train.py configs/unirestore/cfrm_tfa_diffuir.py
Test:   python tools/test.py configs/unirestore/cfrm_tfa_diffuir.py CKPT
        the detector on images restored for the eye: --cfg-options
        model.restorer.adapters.tfa.prompt_for.det=ir
        both beside the trunk alone: python projects/unirestore/compare_prompts.py
Needs:  2 CPU cores, about 7 minutes, MMDetection (`make detection`); no data set (shapes drawn onto photographs).
Expect: see projects/unirestore/README.md.

It starts from the DiffUIR-T that ships, and at the first step restores as that one does, bit for bit: both adapters
begin as the identity. The RetinaNet first learns the shapes on clean images and then judges what is restored for it.
Each level has prompts of its own (`chain=False`): along the published chain a prompt fades from
level to level by the number of channels (see the README).
"""

_base_ = [
    '../_base_/adapter_schedule.py',
    '../_base_/detection_data.py',
    '../_base_/detection_retinanet.py',
    '../_base_/detection_warmup.py',
    '../_base_/small_diffuir.py',
    '../_base_/runtime.py',
]

model = dict(
    type='JointRestorer',
    restorer=dict(
        _base_._diffuir,
        process=dict(_base_._diffuir.process, train_times=[999]),
        sampler=dict(
            _base_._diffuir.sampler, steps=1
        ),  # that of the weights: what is learned is what restores
        init_cfg=dict(type='StartFrom', checkpoint='restorelab:diffuir-tiny'),
        adapters=_base_._cfrm_tfa,
    ),
    tasks=dict(det=dict(_base_._retinanet, loss_weight=5.0)),
)

train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        type='MixedDataset',
        dataset=_base_._train_set,
        tasks=['ir', 'det'],
    ),
)
train_cfg = dict(max_iters=150, val_interval=150)
default_hooks = dict(checkpoint=dict(interval=150))
find_unused_parameters = (
    True  # constant attention, and prompts that a batch does not use, get no gradient
)
