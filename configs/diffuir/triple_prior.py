"""DiffUIR-T guided by TPGDiff's three priors: backbone and sampler of one paper, priors of another.

Run:    python tools/train.py configs/diffuir/triple_prior.py
Needs:  2 CPU cores, about 2 hours (a GPU: minutes). No data set and no network: it trains on the
        photographs inside scikit-image, and the two image towers ship with restorelab.
Expect: not measured. Compare with configs/diffuir/allinone.py, which has no priors.

The degradation vector is added to the time embedding. The structure tokens scale and shift the
features of the shallow levels, the semantic token those of the deepest level.
TPGDiff takes cross-attention for the semantic token. With a single token, cross-attention adds the
same vector to every pixel. A scale and a shift can do the same and need no transformer.
"""

_base_ = ['allinone.py']

model = dict(
    priors=dict(
        degradation=dict(
            type='CLIPDegradationPrior',
            tower=dict(
                image_size=64, patch_size=8, width=64, layers=4, head_width=32, embed_dim=64
            ),
            resize=False,
            views=4,
            pretrained='restorelab:tpgdiff-priors-small',
        ),
        semantic=dict(
            type='CLIPSemanticPrior',
            tower=dict(
                image_size=64, patch_size=8, width=64, layers=4, head_width=32, embed_dim=64
            ),
            pretrained='restorelab:tpgdiff-priors-small',
        ),
        structure=dict(
            type='StructurePrior',
            cues=[dict(type='DarkChannelCue'), dict(type='SobelCue'), dict(type='BoxDoGCue')],
            image_size=64,
            width=8,
            num_blocks=6,
            token_dim=64,
            num_tokens=8,
            num_heads=4,
        ),
    ),
    adapters=dict(
        time=dict(type='PromptTimeAdapter'),
        film_structure=dict(
            type='PooledFiLM',
            condition='structure',
            taps=[
                'enc.s1.block',
                'enc.s2.block',
                'enc.s4.block',
                'dec.s4.block',
                'dec.s2.block',
                'dec.s1.block',
            ],
        ),
        film_semantic=dict(
            type='PooledFiLM', condition='semantic', taps=['enc.s8.block', 'dec.s8.block']
        ),
    ),
)

train_dataloader = dict(
    batch_size=5, dataset=dict(degradations=['blur', 'haze', 'lowlight', 'noise', 'rain'])
)
val_dataloader = dict(dataset=dict(degradations=['blur', 'haze', 'lowlight', 'noise', 'rain']))
test_dataloader = val_dataloader
