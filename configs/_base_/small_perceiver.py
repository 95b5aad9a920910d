"""`_perceiver`: a quality perceiver whose small CLIP comes without download.

Its image tower ships with restorelab and learned to name degradations (configs/tpgdiff/priors.py); its text tower is
random, so prompts are free vectors seen through it.
"""

_perceiver = dict(
    type='CLIPQualityPerceiver',
    clip=dict(
        embed_dim=64,
        vision_cfg=dict(image_size=64, patch_size=8, width=64, layers=4, head_width=32),
        text_cfg=dict(context_length=18, vocab_size=6, width=64, heads=2, layers=2),
    ),
    pretrained='restorelab:tpgdiff-priors-small',
    views=4,
)
