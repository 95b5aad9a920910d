"""DiffUIR-T that also answers to Perceive-IR's quality and perceptual losses, on the clean image that a step predicts.

Run:    python tools/train.py configs/diffuir/quality_aware.py
Needs:  2 CPU cores, about 3 hours (a GPU: minutes); no data set, no network (photographs inside scikit-image; the image
        tower ships with restorelab).
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: not measured; compare with configs/diffuir/allinone.py, the same without the two losses.

The prompts are the untrained words until stage 1 of Perceive-IR was run (configs/perceive_ir/stage1_medium.py):
    --cfg-options model.step_losses.quality.perceiver.prompts=work_dirs/stage1_prompts/iter_6000.pth
The perceptual ratio is large where a step predicts nearly the degraded image, so it weighs a tenth of what it does in
Perceive-IR. The decibels weigh a hundredth, as in the small Perceive-IR: the three are of like size then.
"""

_base_ = [
    '../_base_/allinone_data.py',
    '../_base_/small_diffuir.py',
    '../_base_/small_perceiver.py',
    '../_base_/diffuir_schedule.py',
    '../_base_/runtime.py',
]

model = dict(
    _base_._diffuir,
    loss=dict(type='PSNRLoss', weight=0.01),
    step_losses=dict(
        quality=dict(type='CLIPAwareLoss', weight=0.05, perceiver=_base_._perceiver),
        perceptual=dict(type='DifficultyAdaptivePerceptualLoss', weight=0.01, widths=[16, 32, 64]),
    ),
)

_tasks = ['blur', 'haze', 'jpeg', 'lowlight', 'noise', 'rain', 'snow']
train_dataloader = dict(
    batch_size=7,
    dataset=dict(tasks=_tasks, pipeline=[*_base_._crops, dict(type='PackRestoration')]),
)
val_dataloader = dict(dataset=dict(tasks=_tasks))
test_dataloader = val_dataloader
train_cfg = dict(max_iters=6000, val_interval=1500)
