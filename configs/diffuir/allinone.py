"""DiffUIR-T: one small model that removes noise, rain, snow, haze, blur, darkness and JPEG artifacts.

Run:    python tools/train.py configs/diffuir/allinone.py
Needs:  2 CPU cores, about 2 hours (a GPU: minutes); no data set, no network (photographs inside scikit-image).
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: see projects/diffuir/README.md, which says what came out on 411 photographs. The paper's sizes and data are in
        projects/diffuir/configs.

Four departures from the paper make training faster. The loss counts decibels, or darkness and haze drown the small
residuals of noise, blur and JPEG. The steps are those that the sampler visits, the first of them most often. There is
no noise: what the sampler starts with stays in its state, and a small network lets it through into the picture. And
linear attention is the constant that it nearly is (see LinearAttentionResidual), at half the cost of a step.
"""

_base_ = [
    '../_base_/allinone_data.py',
    '../_base_/small_diffuir.py',
    '../_base_/diffuir_schedule.py',
    '../_base_/runtime.py',
]

model = _base_._diffuir

_tasks = ['blur', 'haze', 'jpeg', 'lowlight', 'noise', 'rain', 'snow']
train_dataloader = dict(
    batch_size=7,
    dataset=dict(tasks=_tasks, pipeline=[*_base_._crops, dict(type='PackRestoration')]),
)
val_dataloader = dict(dataset=dict(tasks=_tasks))
test_dataloader = val_dataloader
train_cfg = dict(max_iters=6000, val_interval=1500)
