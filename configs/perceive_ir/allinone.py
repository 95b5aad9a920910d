"""Perceive-IR, small: five degradations, guided by class tokens and a degradation vector, trained with all four losses.

Run:    python tools/train.py configs/perceive_ir/allinone.py
Needs:  2 CPU cores, about two hours (a GPU: minutes); no data set, no network (photographs inside scikit-image).
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: not measured. Four finite losses: pixel, contrast, quality (near 2/3 throughout), perceptual.

What stands in for pretrained networks, so that it runs anywhere: a random DINOv2 of four blocks, which is a fixed view
of the whole image without meaning; a random VGG; and a small CLIP whose image tower ships with restorelab. Its prompts
are the untrained words until stage 1 was run:
    --cfg-options model.step_losses.quality.perceiver.prompts=work_dirs/stage1_prompts/iter_2000.pth
Without CLIP, and without the perceptual loss: configs/perceive_ir/allinone_plain.py.
"""
_base_ = ['../_base_/allinone_data.py', '../_base_/regression_schedule.py', '../_base_/runtime.py']

model = dict(
    type='RegressionRestorer',
    priors=[
        dict(
            type='DINOv2ClassTokens', layers=[1, 2, 3, 4], size=56,
            network=dict(hidden_size=64, num_hidden_layers=4, num_attention_heads=2, image_size=56, patch_size=14)),
        dict(type='CompactDegradationEncoder', widths=[16, 24, 32, 48], dim=48)],
    adapters=[dict(
        type='PromptGuidance', taps=['dec.s1.guidance', 'dec.s2.guidance', 'dec.s4.guidance', 'dec.s8.guidance'])],
    backbone=dict(
        type='RestormerUNet', dim=16, blocks=[1, 1, 1, 2], heads=[1, 2, 4, 8], refinement=1,
        decoder_block=dict(type='EnhancedBlock')),
    loss=dict(type='PSNRLoss', weight=0.01, floor=1e-4),
    step_losses=dict(
        contrast=dict(type='TaskInfoNCE', weight=0.1),
        quality=dict(
            type='CLIPAwareLoss', weight=0.05, perceiver=dict(
                type='CLIPQualityPerceiver',
                clip=dict(
                    embed_dim=64,
                    vision_cfg=dict(image_size=64, patch_size=8, width=64, layers=4, head_width=32),
                    text_cfg=dict(context_length=18, vocab_size=6, width=64, heads=2, layers=2)),
                pretrained='restorelab:tpgdiff-priors-small')),
        perceptual=dict(type='DifficultyAdaptivePerceptualLoss', weight=0.1, widths=[16, 32, 64])))

train_dataloader = dict(batch_size=5, dataset=dict(pipeline=[
    dict(type='RandomCrop', size=96),
    dict(type='RandomTranspose'),
    dict(type='Degrade'),
    dict(type='PositiveView', size=64),
    dict(type='RandomCrop', size=64),
    dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
    dict(type='PackRestoration')]))
train_cfg = dict(max_iters=6000, val_interval=1500)
