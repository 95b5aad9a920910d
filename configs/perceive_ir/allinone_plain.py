"""Perceive-IR, small, without CLIP and without the perceptual loss: a baseline of the method.

Run:    python tools/train.py configs/perceive_ir/allinone_plain.py
Needs:  2 CPU cores, about an hour and a half (a GPU: minutes). No data set and no network.
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: CBSD68: 2.0 dB above the input after 600 iterations on BSDS500 (projects/README.md). Not
        measured to the end.
        Compare with configs/perceive_ir/allinone.py for what the two losses add, and with
        configs/restormer/allinone.py for what guidance and contrast add.
"""

_base_ = ['allinone.py']

model = dict(step_losses=dict(quality=None, perceptual=None))
