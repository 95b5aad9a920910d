"""DiffUIR-T for one task: it brightens dark photographs.

Run:    python tools/train.py configs/diffuir/lowlight.py
Needs:  2 CPU cores, about two hours (a GPU: minutes); no data set, no network (photographs inside scikit-image).
        Own clean photographs: --cfg-options train_dataloader.dataset.source=FOLDER
        Own pairs: dataset=dict(type='PairedDataset', task='lowlight', root=FOLDER, lq='low', gt='high', pipeline=...)
        The paper's pairs: dataset=dict(type='RecipeDataset', recipe='lol_train', root='data', pipeline=...)
Expect: not measured; what one model for seven tasks reaches is in projects/diffuir/README.md.

The input's histogram is equalized channel by channel, after cropping, as DiffUIR does for low light. So inputs have to
be equalized when restoring too: `python tools/restore.py PHOTO OUT.png --equalize ...`. allinone.py, which is blind,
does not.
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
    dataset=dict(
        tasks=['lowlight'],
        pipeline=[*_base_._crops, dict(type='ChannelHistEqualize'), dict(type='PackRestoration')],
    ),
)
val_dataloader = dict(
    dataset=dict(
        tasks=['lowlight'],
        pipeline=[
            dict(type='CenterCrop', size=256),
            dict(type='Degrade'),
            dict(type='ChannelHistEqualize'),
            dict(type='PackRestoration'),
        ],
    )
)
test_dataloader = val_dataloader
train_cfg = dict(max_iters=6000, val_interval=1500)
