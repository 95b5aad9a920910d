"""DiffUIR-T for one task: it removes motion blur and defocus.

Run:    python tools/train.py configs/diffuir/deblur.py
Needs:  2 CPU cores, about two hours (a GPU: minutes); no data set, no network (photographs inside scikit-image).
        Own clean photographs: --cfg-options train_dataloader.dataset.source=FOLDER
        Own pairs: dataset=dict(type='PairedDataset', task='blur', root=FOLDER, lq='input', gt='target', pipeline=...)
        The paper's pairs: dataset=dict(type='RecipeDataset', recipe='gopro_train', root='data', pipeline=...)
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
    dataset=dict(tasks=['blur'], pipeline=[*_base_._crops, dict(type='PackRestoration')]),
)
val_dataloader = dict(dataset=dict(tasks=['blur']))
test_dataloader = val_dataloader
train_cfg = dict(max_iters=6000, val_interval=1500)
