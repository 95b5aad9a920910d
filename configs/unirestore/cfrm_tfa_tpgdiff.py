"""CFRM and TFA of UniRestore on TPGDiff's network, priors and sampler, as configs/unirestore/cfrm_tfa_diffuir.py.

Run:    python tools/train.py configs/unirestore/cfrm_tfa_tpgdiff.py
Test:   python tools/test.py configs/unirestore/cfrm_tfa_tpgdiff.py CKPT
        the detector on images restored for the eye: --cfg-options
        model.restorer.adapters.tfa.prompt_for.det=ir
Needs:  2 CPU cores, about half an hour, MMDetection (`make detection`); no data set (shapes drawn onto photographs).
Expect: not measured.

It starts from the TPGDiff that ships, and at the first step restores as that one does. TPGDiff's own adapters and
priors stay on in the reference pass that CFRM learns from, with what they say of the degraded image.
"""

_base_ = [
    '../_base_/adapter_schedule.py',
    '../_base_/detection_data.py',
    '../_base_/detection_retinanet.py',
    '../_base_/detection_warmup.py',
    '../_base_/small_tpgdiff.py',
    '../_base_/runtime.py',
]

model = dict(
    type='JointRestorer',
    restorer=dict(
        _base_._tpgdiff,
        init_cfg=dict(type='StartFrom', checkpoint='restorelab:tpgdiff-small'),
        adapters=dict(**_base_._tpgdiff.adapters, **_base_._cfrm_tfa),
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
    True  # a single semantic token, and prompts that a batch does not use, leave weights idle
)
