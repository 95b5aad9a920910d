"""DiffUIR-T with Perceive-IR's quality and perceptual losses on its predicted clean images.

Run:    python tools/train.py configs/diffuir/quality_aware.py
Needs:  2 CPU cores, about 3 hours (a GPU: minutes). No data set and no network: it trains on the
        photographs inside scikit-image, and the image tower ships with restorelab.
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: not measured. Compare with configs/diffuir/allinone.py, which lacks the two losses.

The prompts are untrained words until stage 1 of Perceive-IR has run (see
configs/perceive_ir/stage1_medium.py). Then take the trained ones:
    --cfg-options model.step_losses.quality.perceiver.prompts=work_dirs/stage1_prompts/iter_6000.pth

The weights bring the three losses to a similar size. PSNRLoss has a hundredth of its usual weight,
as in the small Perceive-IR. The perceptual loss has a tenth of its weight in Perceive-IR: it is a
ratio, and it is large where a step predicts nearly the degraded image.
"""

_base_ = ['allinone.py']

model = dict(
    loss=dict(weight=0.01),
    step_losses=dict(
        quality=dict(
            type='CLIPAwareLoss',
            weight=0.05,
            perceiver=dict(
                type='CLIPQualityPerceiver',
                clip=dict(
                    embed_dim=64,
                    vision_cfg=dict(image_size=64, patch_size=8, width=64, layers=4, head_width=32),
                    text_cfg=dict(context_length=18, vocab_size=6, width=64, heads=2, layers=2),
                ),
                pretrained='restorelab:tpgdiff-priors-small',
                views=4,
            ),
        ),
        perceptual=dict(type='DifficultyAdaptivePerceptualLoss', weight=0.01, widths=[16, 32, 64]),
    ),
)
