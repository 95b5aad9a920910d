"""DiffUIR-T for one degradation: it brightens dark photographs.

Run:    python tools/train.py configs/diffuir/lowlight.py
Needs:  2 CPU cores, about 2 hours (a GPU: minutes). No data set and no network: it trains on the
        photographs inside scikit-image.
        Own clean photographs: --cfg-options train_dataloader.dataset.source=FOLDER
        Own pairs, as the data set of both loaders:
            dict(type='PairedDataset', degradation='lowlight', root=FOLDER, lq='low', gt='high',
                 pipeline=...)
        The paper's pairs, likewise:
            dict(type='RecipeDataset', recipe='lol_train', root='data', pipeline=...)
Expect: not measured. projects/diffuir/README.md has what one model for seven degradations reaches.

As in DiffUIR, the histogram of each channel of the input is equalized, after cropping. So an input
has to be equalized for restoring, too: `python tools/restore.py PHOTO OUT.png --equalize ...`.
The model of allinone.py does not know the degradation, and its inputs are not equalized.
"""

_base_ = ['allinone.py']

train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        degradations=['lowlight'],
        pipeline=[
            dict(type='RandomCrop', size=64),
            dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
            dict(type='RandomTranspose'),
            dict(type='Degrade'),
            dict(type='ChannelHistEqualize'),
            dict(type='PackRestoration'),
        ],
    ),
)
val_dataloader = dict(
    dataset=dict(
        degradations=['lowlight'],
        pipeline=[
            dict(type='CenterCrop', size=256),
            dict(type='Degrade'),
            dict(type='ChannelHistEqualize'),
            dict(type='PackRestoration'),
        ],
    )
)
test_dataloader = val_dataloader
