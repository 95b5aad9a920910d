"""Perceive-IR as its figures draw it: one attention in the decoder's blocks, guidance `x * gamma + beta`.

Run:    tools/dist_train.sh projects/perceive_ir/configs/adair3_figure.py 4
Test:   python tools/test.py projects/perceive_ir/configs/adair3_figure.py CKPT
Needs:  as adair3.py; the medium restorers and prompts of stage 1
        (medium0.py, medium1.py, prompts.py), DINOv2-base, OpenAI's CLIP and VGG-16, fetched on the first run.
Expect: not measured. 27,859,919 parameters. The residual degradation encoder of the figure is not built: its
        widths are unknown.
"""

_base_ = ['_base_/adair3_data.py', '_base_/network.py', '../../../configs/_base_/runtime.py']

model = dict(
    _base_._network,
    adapters=[
        dict(
            type='PromptGuidance',
            taps=['dec.s1.guidance', 'dec.s2.guidance', 'dec.s4.guidance', 'dec.s8.guidance'],
            residual=False,
        )
    ],
    backbone=dict(
        type='RestormerUNet',
        dim=48,
        blocks=[4, 6, 6, 8],
        heads=[1, 2, 4, 8],
        refinement=4,
        decoder_block=dict(type='EnhancedBlock', self_attention=False),
    ),
    step_losses=dict(_base_._judges, contrast=dict(type='TaskInfoNCE', weight=0.1)),
)

train_cfg = dict(max_iters=500000, val_interval=5000)
default_hooks = dict(checkpoint=dict(interval=10000))
