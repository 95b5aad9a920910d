"""DiffUIR-T guided by TPGDiff's three priors: one trunk and sampler from one paper, the guidance from another.

Run:    python tools/train.py configs/diffuir/triple_prior.py
Needs:  2 CPU cores, about 2 hours (a GPU: minutes); no data set, no network (photographs inside scikit-image; the two
        image towers ship with restorelab).
Expect: not measured; compare with configs/diffuir/allinone.py, the same trunk without priors.

The degradation vector joins the time embedding; structure tokens scale and shift the shallow levels, the semantic token
the deepest one. In TPGDiff the semantic token enters by cross-attention; with a single token that adds the same vector
to every pixel, so a scale and a shift say no less, and fit a trunk without transformers.
"""
_base_ = ['../_base_/allinone_data.py', '../_base_/runtime.py']

model = dict(
    type='DiffusionRestorer',
    priors=[
        dict(
            type='CLIPDegradationPrior',
            tower=dict(image_size=64, patch_size=8, width=64, layers=4, head_width=32, embed_dim=64),
            resize=False,
            views=4,
            pretrained='restorelab:tpgdiff-priors-small'),
        dict(
            type='CLIPSemanticPrior',
            tower=dict(image_size=64, patch_size=8, width=64, layers=4, head_width=32, embed_dim=64),
            pretrained='restorelab:tpgdiff-priors-small'),
        dict(
            type='StructurePrior',
            cues=[dict(type='DarkChannelCue'), dict(type='SobelCue'), dict(type='BoxDoGCue')],
            image_size=64, width=8, num_blocks=6, token_dim=64, num_tokens=8, num_heads=4)],
    adapters=[
        dict(type='PromptTimeAdapter'),
        dict(
            type='PooledFiLM',
            condition='structure',
            taps=['enc.s1.block', 'enc.s2.block', 'enc.s4.block', 'dec.s4.block', 'dec.s2.block', 'dec.s1.block']),
        dict(type='PooledFiLM', condition='semantic', taps=['enc.s8.block', 'dec.s8.block'])],
    backbone=dict(type='ResidualDiffusionUNet', width=32, channel_mults=[1, 1, 1, 1], linear_attention='constant'),
    process=dict(
        type='SharedResidualProcess', steps=1000, delta=1.8e-3, noise_scale=0.1, train_times=[332, 665, 999, 999, 999]),
    loss=dict(type='L1Loss'),
    sampler=dict(type='SDTDDIMSampler', steps=3))

train_dataloader = dict(batch_size=5, dataset=dict(pipeline=[
    dict(type='RandomCrop', size=64),
    dict(type='RandomFlip', horizontal=0.5, vertical=0.5),
    dict(type='RandomTranspose'),
    dict(type='Degrade'),
    dict(type='PackRestoration')]))
train_cfg = dict(max_iters=6000, val_interval=1500)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, betas=(0.9, 0.99), weight_decay=0.0),
    clip_grad=dict(max_norm=1.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=200),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False, begin=200, end=6000)]
custom_hooks = [dict(type='StepEMAHook', momentum=0.003)]
find_unused_parameters = True  # the queries, keys and values of constant attention get no gradient
