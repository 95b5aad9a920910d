"""DiffUIR-T for one task: it removes rain streaks.

Run:    python tools/train.py configs/diffuir/derain.py
Needs:  2 CPU cores, about two hours (a GPU: minutes); no data set, no network (photographs inside scikit-image).
        Own clean photographs: --cfg-options train_dataloader.dataset.source=FOLDER
        Own pairs: dataset=dict(type='PairedDataset', task='rain', root=FOLDER, lq='input', gt='target', pipeline=...)
        The paper's pairs: dataset=dict(type='RecipeDataset', recipe='rain13k_train', root='data', pipeline=...)
Expect: not measured; what one model for seven tasks reaches is in projects/diffuir/README.md.
"""

_base_ = [
    '../_base_/allinone_data.py',
    '../_base_/small_diffuir.py',
    '../_base_/diffuir_schedule.py',
    '../_base_/runtime.py',
]

model = _base_._diffuir

train_dataloader = dict(
    batch_size=8,
    dataset=dict(tasks=['rain'], pipeline=[*_base_._crops, dict(type='PackRestoration')]),
)
val_dataloader = dict(dataset=dict(tasks=['rain']))
test_dataloader = val_dataloader
train_cfg = dict(max_iters=6000, val_interval=1500)
