"""Perceive-IR, small: its results must be nearer to the clean image than those of two restorers that ship.

Run:    python tools/train.py configs/perceive_ir/with_proxies.py
Needs:  2 CPU cores, about three hours (a GPU: minutes); no data set, no network (photographs inside scikit-image; both
        restorers ship with restorelab).
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: not measured; compare with configs/perceive_ir/allinone_plain.py, the same without the perceptual loss.

Each proxy restores every training crop, frozen. How much one counts for an image depends on how hard that image is: on
its PSNR beside the mean one of its degradation, which the hook measures anew every 500 iterations.
"""

_base_ = [
    '../_base_/allinone_data.py',
    '../_base_/small_diffuir.py',
    '../_base_/small_perceive_ir.py',
    '../_base_/small_tpgdiff.py',
    '../_base_/regression_schedule.py',
    '../_base_/runtime.py',
]

model = dict(
    _base_._network,
    step_losses=dict(
        contrast=dict(type='DegradationInfoNCE', weight=0.1),
        perceptual=dict(
            type='DifficultyAdaptivePerceptualLoss',
            weight=0.01,
            widths=[16, 32, 64],
            degradations=['blur', 'haze', 'lowlight', 'noise', 'rain'],
            proxies=[
                dict(
                    type='ProxyRestorer',
                    pretrained='restorelab:diffuir-tiny',
                    restorer=dict(_base_._diffuir, sampler=dict(_base_._diffuir.sampler, steps=1)),
                ),
                dict(
                    type='ProxyRestorer',
                    pretrained='restorelab:tpgdiff-small',
                    restorer=_base_._tpgdiff,
                ),
            ],
        ),
    ),
)

train_dataloader = dict(batch_size=5, dataset=dict(pipeline=_base_._pipeline))
train_cfg = dict(max_iters=6000, val_interval=1500)
custom_hooks = [dict(type='DifficultyReferenceHook', interval=500, crops=8)]
