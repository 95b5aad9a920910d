"""DiffUIR-T for one degradation: it removes haze.

Run:    python tools/train.py configs/diffuir/dehaze.py
Needs:  2 CPU cores, about 2 hours (a GPU: minutes). No data set and no network: it trains on the
        photographs inside scikit-image.
        Own clean photographs: --cfg-options train_dataloader.dataset.source=FOLDER
        Own pairs, as the data set of both loaders:
            dict(type='PairedDataset', degradation='haze', root=FOLDER, lq='input', gt='target',
                 pipeline=...)
        The paper's pairs, likewise:
            dict(type='RecipeDataset', recipe='ots_train', root='data', pipeline=...)
Expect: not measured. projects/diffuir/README.md has what one model for seven degradations reaches.
"""

_base_ = ['allinone.py']

train_dataloader = dict(batch_size=8, dataset=dict(degradations=['haze']))
val_dataloader = dict(dataset=dict(degradations=['haze']))
test_dataloader = val_dataloader
