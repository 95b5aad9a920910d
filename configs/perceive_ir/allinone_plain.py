"""Perceive-IR, small, without CLIP and without the perceptual loss: the smallest honest baseline of the method.

Run:    python tools/train.py configs/perceive_ir/allinone_plain.py
Needs:  2 CPU cores, about an hour and a half (a GPU: minutes); no data set, no network.
        Own photographs: --cfg-options train_dataloader.dataset.source=FOLDER
Expect: not measured. Beside configs/perceive_ir/allinone.py it tells what the two losses add, and beside
        configs/restormer/allinone.py what guidance and contrast add.
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
    step_losses=dict(contrast=dict(type='TaskInfoNCE', weight=0.1)))

train_dataloader = dict(batch_size=5, dataset=dict(pipeline=[
    dict(type='RandomCrop', size=96),
    dict(type='RandomTranspose'),
    dict(type='Degrade'),
    dict(type='PositiveView', size=64),
    dict(type='RandomCrop', size=64),
    dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
    dict(type='PackRestoration')]))
train_cfg = dict(max_iters=6000, val_interval=1500)
