"""Perceive-IR, small: five degradations, guided by class tokens and a degradation vector, trained with all four losses.

Run:    python tools/train.py configs/perceive_ir/allinone.py
Needs:  2 CPU cores, about two hours (a GPU: minutes); no data set, no network (photographs inside scikit-image).
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: coffee, held out: 18.04 dB after 900 iterations (input 16.74). 2.1 dB above the input on CBSD68 after 600 on
        BSDS500 (projects/README.md). Not measured to the end.
        Four finite losses: pixel, contrast, quality (near 2/3 of its weight throughout), perceptual.

What stands in for pretrained networks, so that it runs anywhere: a random DINOv2 of four blocks, which is a fixed view
of the whole image without meaning; a random VGG; and a small CLIP whose image tower ships with restorelab. Such judges
weigh a tenth of what they do in the paper. The prompts are the untrained words until stage 1 was run:
    --cfg-options model.step_losses.quality.perceiver.prompts=work_dirs/stage1_prompts/iter_6000.pth
Without CLIP, and without the perceptual loss: configs/perceive_ir/allinone_plain.py.
"""

_base_ = [
    '../_base_/allinone_data.py',
    '../_base_/small_perceive_ir.py',
    '../_base_/small_perceiver.py',
    '../_base_/regression_schedule.py',
    '../_base_/runtime.py',
]

model = dict(
    _base_._network,
    step_losses=dict(
        contrast=dict(type='TaskInfoNCE', weight=0.1),
        quality=dict(type='CLIPAwareLoss', weight=0.005, perceiver=_base_._perceiver),
        perceptual=dict(type='DifficultyAdaptivePerceptualLoss', weight=0.01, widths=[16, 32, 64]),
    ),
)

train_dataloader = dict(batch_size=5, dataset=dict(pipeline=_base_._pipeline))
train_cfg = dict(max_iters=6000, val_interval=1500)
