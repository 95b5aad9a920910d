"""Perceive-IR, small: five degradations, two priors that guide the network, and all four losses.

Run:    python tools/train.py configs/perceive_ir/allinone.py
Needs:  2 CPU cores, about 2 hours (a GPU: minutes). No data set and no network: it trains on the
        photographs inside scikit-image.
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: coffee, held out: 20.47 dB after a training of 900 iterations (input 16.74). CBSD68: 2.1 dB
        above the input after 600 iterations on BSDS500 (projects/README.md). Not measured to the
        end.
        The four losses (pixel, contrast, quality, perceptual) stay finite. The quality loss stays
        near 2/3 of its weight.

Small networks stand in for the pretrained ones, so that it runs anywhere:
- A random DINOv2 of four blocks. It is a fixed view of the whole image, without meaning.
- A random VGG.
- A small CLIP, whose image tower ships with restorelab. It learned to name degradations
  (configs/tpgdiff/priors.py). Its text tower is random.
Losses of such networks have a tenth of their weight in the paper.

The prompts are untrained words until stage 1 has run. Then take the trained ones:
    --cfg-options model.step_losses.quality.perceiver.prompts=work_dirs/stage1_prompts/iter_6000.pth
configs/perceive_ir/allinone_plain.py has neither CLIP nor the perceptual loss.
"""

_base_ = [
    '../_base_/allinone_data.py',
    '../_base_/regression_schedule.py',
    '../_base_/runtime.py',
]

model = dict(
    type='RegressionRestorer',
    priors=dict(
        semantic=dict(
            type='DINOv2ClassTokens',
            layers=[1, 2, 3, 4],
            size=56,
            network=dict(
                hidden_size=64,
                num_hidden_layers=4,
                num_attention_heads=2,
                image_size=56,
                patch_size=14,
            ),
        ),
        degradation=dict(type='CompactDegradationEncoder', widths=[16, 24, 32, 48], dim=48),
    ),
    adapters=dict(
        guidance=dict(
            type='PromptGuidance',
            taps=['dec.s1.guidance', 'dec.s2.guidance', 'dec.s4.guidance', 'dec.s8.guidance'],
        )
    ),
    backbone=dict(
        type='RestormerUNet',
        dim=16,
        blocks=[1, 1, 1, 2],
        heads=[1, 2, 4, 8],
        refinement=1,
        decoder_block=dict(type='EnhancedBlock'),
    ),
    loss=dict(type='PSNRLoss', weight=0.01, floor=1e-4),
    step_losses=dict(
        contrast=dict(type='DegradationInfoNCE', weight=0.1),
        quality=dict(
            type='CLIPAwareLoss',
            weight=0.005,
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

train_dataloader = dict(
    batch_size=5,
    dataset=dict(
        pipeline=[
            dict(type='RandomCrop', size=96),
            dict(type='RandomTranspose'),
            dict(type='Degrade'),
            dict(type='PositiveView', size=64),
            dict(type='RandomCrop', size=64),
            dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
            dict(type='PackRestoration'),
        ]
    ),
)
train_cfg = dict(max_iters=6000, val_interval=1500)
