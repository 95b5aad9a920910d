"""A small TPGDiff that restores for a detector: FCOS's losses on its output train it, too.

Run:    python tools/train.py configs/joint/tpgdiff_fcos.py
        python tools/test.py configs/joint/tpgdiff_fcos.py work_dirs/tpgdiff_fcos/iter_300.pth
Needs:  the extra `detection` (`make detection`). No data set and no network: shapes are drawn onto
        the photographs inside scikit-image.
Expect: not measured.

Data and schedule are those of configs/joint/diffuir_retinanet.py.
"""

_base_ = ['diffuir_retinanet.py']

model = dict(
    restorer='configs/tpgdiff/allinone.py',
    restorer_changes=None,
    tasks=dict(det=dict(detector='configs/detectors/fcos_shapes.py')),
)

train_dataloader = dict(batch_size=6)
