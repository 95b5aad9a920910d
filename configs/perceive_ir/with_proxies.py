"""Perceive-IR, small, with two shipped restorers as proxies in the perceptual loss.

Run:    python tools/train.py configs/perceive_ir/with_proxies.py
Needs:  2 CPU cores, about 3 hours (a GPU: minutes). No data set and no network: it trains on the
        photographs inside scikit-image, and both restorers ship with restorelab.
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: not measured. Compare with configs/perceive_ir/allinone_plain.py, which has no perceptual
        loss.

The results must be nearer to the clean image than those of the proxies. Each proxy is frozen and
restores every training crop. The weight of a proxy for an image depends on how hard the image is:
on its PSNR beside the mean PSNR of its degradation. The hook measures that mean anew every 500
iterations.
"""

_base_ = ['allinone.py']

model = dict(
    step_losses=dict(
        quality=None,
        perceptual=dict(
            degradations=['blur', 'haze', 'lowlight', 'noise', 'rain'],
            proxies=[
                dict(
                    type='ProxyRestorer',
                    pretrained='restorelab:diffuir-tiny',
                    restorer='configs/diffuir/allinone.py',
                    restorer_changes={'sampler.steps': 1},
                ),
                dict(
                    type='ProxyRestorer',
                    pretrained='restorelab:tpgdiff-small',
                    restorer='configs/tpgdiff/allinone.py',
                ),
            ],
        ),
    )
)

custom_hooks = [dict(type='DifficultyReferenceHook', interval=500, crops=8)]
